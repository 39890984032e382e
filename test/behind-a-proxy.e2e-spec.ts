import { freePort } from './support/free-port.js';
import { startNginx } from './support/nginx.js';
import { describeWith } from './support/programs.js';
import { PLATFORM, System } from './support/system.js';

describeWith('nginx', 'behind an nginx that takes a part of the path away', () => {
  let system: System;
  let nginx: Awaited<ReturnType<typeof startNginx>>;
  let publicUrl: string;

  beforeAll(async () => {
    const port = await freePort();
    publicUrl = `http://127.0.0.1:${port}/retract/`;
    system = await System.start({ env: { PUBLIC_URL: publicUrl } });
    nginx = await startNginx(port, `location /retract/ { proxy_pass ${system.url}/; }`);
    await system.registerPlatform();
  });
  afterAll(async () => {
    await nginx.stop();
    await system.close();
  });

  const open = async (url: string, method = 'GET') => {
    const response = await fetch(url, { method });
    return { status: response.status, text: await response.text() };
  };
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
});
