import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { ConsoleBrowser } from './support/console-browser.js';
import { freePort } from './support/free-port.js';
import { startNginx } from './support/nginx.js';
import { describeWith } from './support/programs.js';
import { PLATFORM, System } from './support/system.js';

/** Sixteen of them are a megabyte. */
const LINE_BYTES = 62_500;

/** As docs/operations.md tells to set nginx up. */
const documented = /^ +location \/retract\/ \{[^}]*\}/m.exec(readFileSync('docs/operations.md', 'utf8'))?.[0] ?? '';

describeWith('nginx', 'behind an nginx', () => {
  describe.each([
    { what: 'takes a part of the path away', upstreamPath: '/', megabytes: 2 },
    { what: 'leaves the path as it is', upstreamPath: '', megabytes: 100 },
  ])('that $what', ({ upstreamPath, megabytes }) => {
    let system: System;
    let nginx: Awaited<ReturnType<typeof startNginx>>;
    let origin: string;
    let publicUrl: string;

    beforeAll(async () => {
      const port = await freePort();
      origin = `http://127.0.0.1:${port}`;
      publicUrl = `${origin}/retract/`;
      system = await System.start({ env: { PUBLIC_URL: publicUrl } });
      nginx = await startNginx(port, documented.replace(/proxy_pass [^;]*/, `proxy_pass ${system.url}${upstreamPath}`));
      await system.registerPlatform(PLATFORM, `${origin}/retract`);
    });
    afterAll(async () => {
      await nginx.stop();
      await system.close();
    });

    const open = async (url: string, method = 'GET') => {
      const response = await fetch(url, { method });
      return { status: response.status, text: await response.text() };
    };
    const authorized = () => ({ authorization: `Bearer ${system.apiKey}` });
    const linkIn = (text: string, part: string) =>
      new RegExp(`href="([^"]*${part}[^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    /** What the page's form does: its address is relative to that of the page. */
    const click = async (page: string) => {
      const shown = await open(page);
      expect(shown.status).toBe(200);
      const action = /action="([^"]*)"/.exec(shown.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      return open(new URL(action, page).href, 'POST');
    };
    const consent = async (page: string, appid: string, sets: number[]): Promise<string> => {
      const answer = await system.control('POST', 'consents', {
        link: linkIn(page, 'componentloginpage'),
        authorizer_appid: appid,
        permission_sets: sets,
      });
      return answer.redirect_url;
    };

    it('the admin gets there and back, and may authorize again', async () => {
      const { appid } = await system.control('POST', 'merchants', {});
      const first = await click(`${publicUrl}authorize/${PLATFORM.component_appid}`);
      expect(first.status).toBe(200);

      const back = await consent(first.text, appid, [1, 2]);
      expect(back).toMatch(new RegExp(`^${publicUrl}authorize/`));
      const result = await open(back);
      expect(result.status).toBe(200);
      const again = linkIn(result.text, 'authorize/');
      expect(again).toContain(`${publicUrl}authorize/${PLATFORM.component_appid}?link=v1.a.${appid}.`);

      const second = await click(again);
      expect(second.status).toBe(200);
      const done = await open(await consent(second.text, appid, [1, 2, 7]));
      expect(done.text).toContain('一切就绪');
    });

    it('a problem leads to the page that explains it, and the description to the routes', async () => {
      const answer = await fetch(`${publicUrl}v1/merchants`);
      const { type, title } = (await answer.json()) as { type: string; title: string };
      const page = await open(new URL(type, answer.url).href);
      expect(page.status).toBe(200);
      expect(page.text).toContain(title);

      const description = `${publicUrl}openapi.json`;
      const { servers } = (await (await fetch(description)).json()) as { servers: { url: string }[] };
      expect(new URL(`${servers[0]?.url}/v1/merchants`, description).href).toBe(answer.url);
    });

    it('so does the link that the api gives for a merchant who has to authorize again', async () => {
      const { appid } = await system.control('POST', 'merchants', {});
      const page = await click(`${publicUrl}authorize/${PLATFORM.component_appid}`);
      await open(await consent(page.text, appid, [1]));
      const { body } = await system.call('GET', `/v1/merchants/${appid}`);
      expect(body.reauthorize_url).toContain(publicUrl);
      expect((await open(body.reauthorize_url)).status).toBe(200);
    });

    it.each(['docs', 'docs/', 'docs/problems', 'console/'])('%s has all that it loads and leads to', async (path) => {
      const html = (await open(publicUrl + path)).text;
      const base = new URL(/<base href="([^"]+)"/.exec(html)?.[1] ?? '', publicUrl + path);
      const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => new URL(link, base));
      const ours = parts.filter(({ protocol }) => protocol !== 'data:');
      expect(ours.length).toBeGreaterThan(1);
      for (const { href } of ours.slice(0, 10)) {
        expect(href).toContain(publicUrl);
        expect([href, (await open(href)).status]).toEqual([href, 200]);
      }
    });

    it('what was made is found where the answer says, and the keys of proofs are there', async () => {
      const made = await fetch(`${publicUrl}v1/api-keys`, {
        method: 'POST',
        headers: { ...authorized(), 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'of a proxy', role: 'viewer' }),
      });
      expect(made.status).toBe(201);
      const location = new URL(made.headers.get('location') ?? '', made.url);
      expect((await fetch(location, { headers: authorized() })).status).toBe(200);
      expect((await open(`${publicUrl}.well-known/jwks.json`)).status).toBe(200);
      const wrongMethod = await open(`${publicUrl}v1/api-keys`, 'PUT');
      expect([wrongMethod.status, (JSON.parse(wrongMethod.text) as { code: string }).code]).toEqual([
        405,
        'method_not_allowed',
      ]);
    });

    it('a session is a cookie of that path alone, and does what its key may do', async () => {
      const signedIn = await fetch(`${publicUrl}v1/session`, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify({ api_key: system.apiKey }),
      });
      const [cookie = ''] = signedIn.headers.getSetCookie();
      expect(cookie).toMatch(/; Path=\/retract(;|$)/);
      const asked = await fetch(`${publicUrl}v1/session`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
      expect(asked.status).toBe(200);
    });

    it('events come as they happen, and do not wait for more of them', async () => {
      const { body } = await fetch(`${publicUrl}v1/events/stream`, { headers: authorized() });
      let heard = '';
      let appid: string | undefined;
      for await (const bytes of body ?? []) {
        heard += Buffer.from(bytes).toString();
        if (heard.includes('id: ')) appid ??= await system.onboardMerchant();
        if (appid !== undefined && heard.includes(appid)) break;
      }
      expect(heard).toMatch(/^event: merchant\.authorized$/m);
    });

    it(`${megabytes} MB of lines get through`, async () => {
      const count = megabytes * 16;
      const merchant = await system.onboardMerchant();
      const lines = Array.from({ length: count }, (_one, i) =>
        `{"merchant":"${merchant}","msg_id":"${3_147_483_661 + i}","article_idx":1`.padEnd(LINE_BYTES).concat('}\n'),
      );
      const sent = request(`${publicUrl}v1/takedowns?undo_seconds=3600&allow_late=true`, {
        method: 'POST',
        headers: { ...authorized(), 'content-type': 'application/x-ndjson' },
      });
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      await pipeline(Readable.from(lines), sent);
      const [answer] = await answered;
      const told = (await json(answer)) as { id: string };
      expect([answer.statusCode, told]).toMatchObject([202, { accepted: count, rejected: 0 }]);
      expect(new URL(answer.headers.location ?? '', publicUrl).href).toBe(`${publicUrl}v1/takedowns/${told.id}`);
    });

    describeWith('chromium', 'the console', () => {
      let browser: ConsoleBrowser;
      beforeAll(async () => {
        browser = await ConsoleBrowser.open(`${origin}/retract`);
      });
      afterAll(() => browser.close());

      it('signs in, hears of events, and finds its pages again', async () => {
        const page = await browser.window();
        await page.goto(publicUrl);
        expect(page.url()).toBe(`${publicUrl}console/`);
        await page.getByLabel('API key').fill(system.apiKey);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
        await page.locator('.live.is-live').waitFor();
        await page.getByRole('link', { name: 'Merchants', exact: true }).click();
        await page.getByRole('heading', { level: 1, name: 'Merchants' }).waitFor();
        expect(page.url()).toBe(`${publicUrl}console/merchants`);
        await page.reload();
        await page.getByRole('heading', { level: 1, name: 'Merchants' }).waitFor();
        expect(browser.faults).toEqual([]);
      });
    });
  });
});
