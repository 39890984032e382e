import { IssuedKeys } from '@app/access';
import { EVERYTHING } from '@app/scope';
import { onboardingProblemWords } from '@app/words';
import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

const SECOND = { ...PLATFORM, component_appid: 'wxfedcba9876543210' };
const CLICKS = 5;
const OPEN_PER_HOUR = 12;

interface Page {
  status: number;
  headers: Headers;
  text: string;
}

/** What a browser, or something like one, does. */
async function open(url: string, method = 'GET', headers: Record<string, string> = {}): Promise<Page> {
  const response = await fetch(url, { method, headers: { 'accept-language': 'en', ...headers }, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
/** What the page's form does. */
async function click(url: string, headers: Record<string, string> = {}): Promise<Page> {
  const page = await open(url);
  const action = /<form method="post" action="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
  if (action === undefined) throw new Error(`no form: ${page.status} ${page.text}`);
  return open(new URL(action, url).href, 'POST', headers);
}
const wechatLinkIn = ({ text }: Page): string | undefined =>
  /href="([^"]*componentloginpage[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
const codeIn = (page: Page) => new URL(wechatLinkIn(page) ?? 'none:').searchParams.get('pre_auth_code');

const pageOf = (system: System, { component_appid } = PLATFORM) => `${system.url}/authorize/${component_appid}`;
const madeIn = ({ simulator }: System) =>
  simulator.simulation.callLog.find({ operation: 'api_create_preauthcode' }).length;

describe('strangers at the authorization page', () => {
  let system: System;
  let addresses = 0;
  const anAddress = () => ({ 'x-forwarded-for': `198.51.100.${++addresses}` });

  beforeAll(async () => {
    system = await System.start({
      withWorker: false,
      env: { TRUST_PROXY: '127.0.0.0/8', OPEN_AUTHORIZATIONS_PER_HOUR: String(OPEN_PER_HOUR) },
      tolerance: { clicksPerMinute: CLICKS },
    });
    await system.registerPlatform();
    await system.registerPlatform(SECOND);
  });
  afterAll(() => system.close());
  // Each test has its own hour.
  beforeEach(() => system.sql('DELETE FROM pre_auth_budgets'));

  it('may look at it as often as they like, and WeChat is not asked', async () => {
    const before = madeIn(system);
    const ways = ['', '?ref=shop', '?biz_appid=wx570bc396a51b8ff8', '?anything=else'];
    for (let i = 0; i < 400; i += 40) {
      const asked = Array.from({ length: 40 }, (_, j) => [ways[j % 4] ?? '', j % 3 === 0 ? 'HEAD' : 'GET'] as const);
      const pages = await Promise.all(asked.map(([way, method]) => open(pageOf(system) + way, method)));
      for (const [j, { status, text }] of pages.entries()) {
        expect(status).toBe(200);
        expect(text.includes('<form method="post"')).toBe(asked[j]?.[1] === 'GET');
      }
    }
    expect(madeIn(system)).toBe(before);
  });

  it('find no link to follow before the click', async () => {
    const page = await open(pageOf(system));
    expect(page.text).not.toContain('<script');
    // The switch of languages leads to this page again, which costs nothing.
    expect(page.text.match(/href="[^"]*"/g)).toEqual([expect.stringMatching(/^href="\?visit=[\w-]+&amp;lang=zh"$/)]);
    expect(page.text).toContain('Begin');
    expect((await open(pageOf(system), 'GET', { 'accept-language': 'zh-CN' })).text).toContain('开始授权');
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
    const clicked = await click(pageOf(system), anAddress());
    expect(clicked.status).toBe(200);
    expect(clicked.headers.get('content-security-policy')).toContain("form-action 'none'");
    expect(clicked.text.match(/href=/g)).toHaveLength(2);
  });

  it.each([
    ['sec-purpose', 'prefetch'],
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-moz', 'prefetch'],
    ['x-purpose', 'preview'],
  ])('get nothing while they look ahead: %s: %s', async (name, value) => {
    const before = madeIn(system);
    for (const [method, path] of [
      ['GET', ''],
      ['HEAD', ''],
      ['POST', ''],
      ['GET', '/callback?state=x.y&auth_code=z'],
    ] as const) {
      const { status, text, headers } = await open(pageOf(system) + path, method, { [name]: value });
      expect({ status, text, cache: headers.get('cache-control') }).toEqual({
        status: 503,
        text: '',
        cache: 'no-store',
      });
    }
    expect(madeIn(system)).toBe(before);
  });

  it('who come by the form of another site see the page, which costs nothing', async () => {
    const before = madeIn(system);
    const page = await open(pageOf(system), 'POST', { 'sec-fetch-site': 'cross-site' });
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/<form method="post"/);
    expect(madeIn(system)).toBe(before);
  });

  it('who click again, or twice at once, get the code that they have', async () => {
    const before = madeIn(system);
    const page = `${pageOf(system)}?visit=0b26a4d5-0c3f-4bb4-9d0e-7e1d3a1f2b3c`;
    const clicks = await Promise.all([1, 2, 3].map(() => open(page, 'POST', anAddress())));
    expect(new Set([...clicks, await open(page, 'POST', anAddress())].map(codeIn)).size).toBe(1);
    expect(madeIn(system)).toBe(before + 1);
    expect(codeIn(await click(pageOf(system), anAddress()))).not.toBe(codeIn(clicks[0] as Page));
  });

  it('may click so often in a minute from one address, and are told on a page when to come again', async () => {
    const path = `/v1/platforms/${PLATFORM.component_appid}`;
    await system.call('PATCH', path, { provider_name: 'The provider' });
    const before = madeIn(system);
    const address = anAddress();
    const pages = [];
    for (let i = 0; i < 40; i++) pages.push(await click(pageOf(system), address));
    expect(pages.map(({ status }) => status)).toEqual([...Array(CLICKS).fill(200), ...Array(40 - CLICKS).fill(429)]);
    const refused = pages.at(-1) as Page;
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('content-type')).toContain('text/html');
    expect(refused.text).toContain('Not done');
    // Nothing is looked up for who asks too much.
    expect(pages.map(({ text }) => text.includes('The provider'))).toEqual(pages.map(({ status }) => status === 200));
    await system.call('PATCH', path, { provider_name: null });
    expect(madeIn(system)).toBe(before + CLICKS);
    expect((await click(pageOf(system), anAddress())).status).toBe(200);
  });

  it('from many addresses may spend so much of an hour, and those with a link go on', async () => {
    const merchant = await system.onboardMerchant();
    await system.sql('DELETE FROM pre_auth_budgets');
    const before = madeIn(system);
    const statuses = [];
    for (let i = 0; i < 4 * OPEN_PER_HOUR; i++) statuses.push((await click(pageOf(system), anAddress())).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(OPEN_PER_HOUR);
    expect(statuses.slice(OPEN_PER_HOUR).every((status) => status === 429)).toBe(true);
    expect(madeIn(system)).toBe(before + OPEN_PER_HOUR);

    const issued = await system.call('POST', '/v1/authorization-links', { platform: PLATFORM.component_appid });
    const { body } = await system.call('GET', `/v1/merchants/${merchant}`);
    expect((await click(issued.body.url)).status).toBe(200);
    expect((await click(body.reauthorize_url)).status).toBe(200);
    expect((await click(pageOf(system, SECOND), anAddress())).status).toBe(200);
  });

  it('give nobody a name', async () => {
    const { appid } = await system.control('POST', 'merchants', {});
    const link = wechatLinkIn(await click(`${pageOf(system)}?ref=${encodeURIComponent('shop 7')}`, anAddress()));
    const { redirect_url } = await system.control('POST', 'consents', { link, authorizer_appid: appid });
    expect((await open(redirect_url)).status).toBe(200);
    expect((await system.call('GET', `/v1/merchants/${appid}`)).body.ref).toBeNull();
  });
});

describe('an authorization page that is switched off', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ withWorker: false, env: { OPEN_AUTHORIZATION: 'false' } });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  it('says so to strangers, and opens by a link, the first time and again', async () => {
    for (const method of ['GET', 'POST']) {
      const page = await open(pageOf(system), method);
      expect(page.status).toBe(403);
      expect(page.text).toContain('ask your service provider');
    }
    expect(madeIn(system)).toBe(0);
    const issued = await system.call('POST', '/v1/authorization-links', { platform: PLATFORM.component_appid });
    const { appid } = await system.control('POST', 'merchants', {});
    for (const url of [
      () => Promise.resolve(issued.body.url as string),
      async () => (await system.call('GET', `/v1/merchants/${appid}`)).body.reauthorize_url as string,
    ]) {
      const link = wechatLinkIn(await click(await url()));
      const { redirect_url } = await system.control('POST', 'consents', { link, authorizer_appid: appid });
      expect((await open(redirect_url)).text).toContain('All set');
    }
  });
});

describe('authorization links', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ env: { RETURN_ORIGINS: 'https://shop.example, https://other.example:8443/' } });
    await system.registerPlatform();
    await system.registerPlatform(SECOND);
  });
  afterAll(() => system.close());

  const platform = PLATFORM.component_appid;
  const post = (body: object, headers: Record<string, string> = {}) =>
    system.call('POST', '/v1/authorization-links', { platform, ...body }, headers);
  const issue = async (body: object = {}) => {
    const reply = await post(body);
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body as { id: string; url: string };
  };
  const account = async (): Promise<string> => (await system.control('POST', 'merchants', {})).appid;
  const refOf = async (appid: string) => (await system.call('GET', `/v1/merchants/${appid}`)).body.ref as string | null;
  /** By the link to WeChat's page and back. @returns where the browser is sent */
  const consent = async (url: string, appid: string): Promise<string> => {
    const link = wechatLinkIn(await click(url));
    return (await system.control('POST', 'consents', { link, authorizer_appid: appid })).redirect_url;
  };
  const authorize = async (url: string, appid: string) => open(await consent(url, appid));
  const acts = async (subject: string, action: string) =>
    (await system.call('GET', `/v1/audit-events?subject=${subject}&action=${action}`)).body.data;

  it('are issued with what they are for, and that is in the audit log', async () => {
    const { status, body, headers } = await post({ ref: '店铺 7' });
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({ platform, ref: '店铺 7', merchant: null, single_use: true, return_url: null });
    expect(body.url).toMatch(new RegExp(`^${pageOf(system)}\\?link=v1\\.l\\.${body.id}\\.[\\w-]{43}$`));
    const days = (Date.parse(body.expires_at) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(7);
    const [act] = await acts(body.id, 'authorization_link.issued');
    expect(act).toMatchObject({ component_appid: platform, data: { ref: '店铺 7', single_use: true } });
    expect(JSON.stringify(act)).not.toContain(body.url.split('.').at(-1));
  });

  it.each([
    [{ platform: 'wx0000000000000000' }, 404, 'platform_not_found'],
    [{ expires_in: 59 }, 400, 'invalid_request'],
    [{ expires_in: 30 * 86_400 + 1 }, 400, 'invalid_request'],
    [{ ref: '' }, 400, 'invalid_request'],
    [{ merchant: 'a b' }, 400, 'invalid_request'],
    [{ unknown: 1 }, 400, 'invalid_request'],
    [{ return_url: '/done' }, 400, 'invalid_request'],
    [{ return_url: 'http://shop.example/' }, 422, 'return_url_not_allowed'],
    [{ return_url: 'https://evil.example/' }, 422, 'return_url_not_allowed'],
    [{ return_url: 'https://shop.example.evil.example/' }, 422, 'return_url_not_allowed'],
    [{ return_url: 'https://shop.example@evil.example/' }, 422, 'return_url_not_allowed'],
    [{ return_url: 'javascript:alert(1)' }, 422, 'return_url_not_allowed'],
  ])('are not issued for %j', async (wrong, status, code) => {
    const count = async () =>
      (await system.sql<{ n: number }>('SELECT count(*)::int AS n FROM authorization_links'))[0]?.n;
    const before = await count();
    expect(await post(wrong)).toMatchObject({ status, body: { code } });
    expect(await count()).toBe(before);
  });

  it('are the same for the same Idempotency-Key, whose row holds no address', async () => {
    const headers = { 'idempotency-key': 'link-1' };
    const first = await post({ ref: 'shop' }, headers);
    const second = await post({ ref: 'shop' }, headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(await post({ ref: 'other' }, headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    const signature = first.body.url.split('.').at(-1);
    expect(JSON.stringify(await system.sql('SELECT answer FROM idempotency_keys'))).not.toContain(signature);
  });

  it('are issued by a key with limits for what it reaches', async () => {
    const [admin] = await system.sql<{ id: string }>(`SELECT id FROM api_keys WHERE is_bootstrap`);
    const actor = {
      ...{ apiKeyId: admin?.id ?? '', role: 'admin' as const, scope: { platforms: null, merchants: null } },
      ...{ tenant: null, expiresAt: null, requestId: 'test', ip: 'test' },
    };
    const keyOf = async (limits: { platforms?: string[]; merchants?: string[] }) => {
      const wish = { name: 'limited', role: 'operator' as const, expiresAt: null, ...limits };
      return { authorization: `Bearer ${(await system.api.get(IssuedKeys).issue(actor, wish)).key}` };
    };
    const mine = await system.onboardMerchant();
    const [ofPlatform, ofMerchant] = [await keyOf({ platforms: [platform] }), await keyOf({ merchants: [mine] })];
    expect((await post({}, ofPlatform)).status).toBe(201);
    expect(await post({ platform: SECOND.component_appid }, ofPlatform)).toMatchObject({
      status: 404,
      body: { code: 'platform_not_found' },
    });
    expect((await post({ merchant: mine }, ofMerchant)).status).toBe(201);
    expect(await post({}, ofMerchant)).toMatchObject({ status: 403, body: { code: 'key_limited' } });
    expect(await post({ merchant: await account() }, ofMerchant)).toMatchObject({
      status: 404,
      body: { code: 'merchant_not_found' },
    });
  });

  it('give the merchant their name, as the key that issued them, and use a code once however often they are clicked', async () => {
    const [appid, before] = [await account(), madeIn(system)];
    const { id, url } = await issue({ ref: 'shop 8', return_url: 'https://shop.example/done?of=8&x="' });
    const clicks = await Promise.all([click(url), click(url), click(url)]);
    expect(new Set(clicks.map(codeIn)).size).toBe(1);
    expect(madeIn(system)).toBe(before + 1);
    const back = await consent(url, appid);
    const result = await open(back);
    expect(result.status).toBe(200);
    expect(result.text).toContain(
      `href="https://shop.example/done?of=8&amp;x=%22&amp;result=authorized&amp;merchant=${appid}&amp;ref=shop+8"`,
    );
    expect(result.text).toContain('Back to shop.example');
    expect(await refOf(appid)).toBe('shop 8');
    const named = await acts(appid, 'merchant.ref_changed');
    expect(named).toMatchObject([{ role: 'admin', data: { ref: 'shop 8', authorization_link: id } }]);
    const [key] = await system.sql<{ id: string }>(`SELECT id FROM api_keys WHERE is_bootstrap`);
    expect(named[0].api_key_id).toBe(key?.id);
    // Loaded again, the page is the same, and so is all else.
    expect((await open(back)).text).toBe(result.text);
    expect(await acts(appid, 'merchant.ref_changed')).toEqual(named);
  });

  it('never take the place of a name that is there', async () => {
    const appid = await account();
    await authorize((await issue({ ref: 'first' })).url, appid);
    const { id, url } = await issue({ ref: 'second' });
    expect((await authorize(url, appid)).status).toBe(200);
    expect(await refOf(appid)).toBe('first');
    await system.call('PATCH', `/v1/merchants/${appid}`, { ref: 'by hand' });
    await authorize((await issue({ ref: 'third' })).url, appid);
    expect(await refOf(appid)).toBe('by hand');
    const told = JSON.stringify(await acts(appid, 'merchant.ref_changed'));
    expect(told).not.toContain(id);
    expect(told).not.toContain('third');
  });

  it('that are forged, of another platform, too old or used say so on a page, and WeChat is not asked', async () => {
    const { id, url } = await issue({ ref: 'mine' });
    const [used, old] = [await issue(), await issue({ expires_in: 60 })];
    await authorize(used.url, await account());
    await system.sql(`UPDATE authorization_links SET expires_at = now() - interval '1 s' WHERE id = $1`, [old.id]);
    const before = madeIn(system);
    const cases: [string, number, 'forged' | 'expired' | 'used'][] = [
      [`${url.slice(0, -2)}AA`, 400, 'forged'],
      [url.replace(id, used.id), 400, 'forged'],
      [url.replace(platform, SECOND.component_appid), 400, 'forged'],
      [`${pageOf(system)}?link=`, 400, 'forged'],
      [`${pageOf(system)}?link=v1.a.wx570bc396a51b8ff8.${'A'.repeat(43)}`, 400, 'forged'],
      [old.url, 400, 'expired'],
      [used.url, 409, 'used'],
    ];
    for (const [wrong, status, reason] of cases) {
      for (const method of ['GET', 'POST']) {
        const page = await open(wrong, method);
        const words = onboardingProblemWords[`authorization_link_${reason}`].en;
        expect([wrong, page.status, page.text.includes(words)]).toEqual([wrong, status, true]);
        expect(page.text).not.toContain('authorization_link');
        expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      }
    }
    expect(madeIn(system)).toBe(before);
    expect((await open(url)).status).toBe(200);
  });

  it('for one authorization name the first of two accounts that race for them', async () => {
    const { url } = await issue({ ref: 'one of two' });
    const accounts = [await account(), await account()];
    const backs = [await consent(url, accounts[0] ?? '')];
    // As if its half of the code's life were over: the second has a code of its own.
    await system.sql(`DELETE FROM pre_auth_codes`);
    backs.push(await consent(url, accounts[1] ?? ''));
    const pages = await Promise.all(backs.map((back) => open(back)));
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(pages.find(({ status }) => status === 409)?.text).toContain('used for another authorization');
    const refs = await Promise.all(accounts.map(refOf));
    expect(refs.filter((ref) => ref === 'one of two')).toHaveLength(1);
    expect(refs.filter((ref) => ref === null)).toHaveLength(1);
  });

  it('for many authorizations work for each', async () => {
    const { url } = await issue({ single_use: false });
    for (const appid of [await account(), await account()]) expect((await authorize(url, appid)).status).toBe(200);
  });

  it('for one account tell clearly when another was authorized, and stay good', async () => {
    const [meant, other] = [await account(), await account()];
    const { url } = await issue({ merchant: meant, ref: 'of one' });
    const link = new URL(wechatLinkIn(await click(url)) ?? '');
    expect(link.searchParams.get('biz_appid')).toBe(meant);
    const page = await authorize(url, other);
    expect(page.status).toBe(409);
    for (const words of [meant, other, 'still unused']) expect(page.text).toContain(words);
    expect(await refOf(other)).toBeNull();
    expect((await authorize(url, meant)).status).toBe(200);
    expect(await refOf(meant)).toBe('of one');
  });

  it('that somebody plays with spend ten codes an hour, and ask WeChat for no more', async () => {
    const { url } = await issue();
    const before = madeIn(system);
    const asked = () => system.simulator.simulation.callLog.find({ operation: 'api_query_auth' }).length;
    const askedBefore = asked();
    const statuses = [];
    for (let i = 0; i < 30; i++) {
      const page = await click(url);
      statuses.push(page.status);
      const back = new URL(wechatLinkIn(page) ?? 'none:').searchParams.get('redirect_uri');
      if (back) for (const junk of [1, 2]) await open(`${back}&auth_code=queryauthcode%40%40%40${i}-${junk}`);
    }
    expect(statuses).toEqual([...Array(10).fill(200), ...Array(20).fill(429)]);
    expect(madeIn(system)).toBe(before + 10);
    expect(asked()).toBe(askedBefore + 10);
  });

  it('of a tenant spend one budget, however many keys it issues, and leave the provider’s alone', async () => {
    const mine = await system.onboardMerchant();
    const { body: admin } = await system.call('POST', '/v1/api-keys', {
      name: 'a tenant',
      role: 'admin',
      merchants: [mine],
    });
    const tenant = { authorization: `Bearer ${admin.key}` };
    const clicked = async (by: Record<string, string>) =>
      (await click((await post({ merchant: mine }, by)).body.url)).status;
    expect(await clicked(tenant)).toBe(200);
    await system.sql(`UPDATE pre_auth_budgets SET made = 1000 WHERE spender !~ '^(link|open|accounts|key)'`);
    const narrower = { name: 'one more', role: 'operator', merchants: [mine] };
    const { body: issued } = await system.call('POST', '/v1/api-keys', narrower, tenant);
    const before = madeIn(system);
    for (const by of [tenant, { authorization: `Bearer ${issued.key}` }]) expect(await clicked(by)).toBe(429);
    expect(madeIn(system)).toBe(before);
    expect(await clicked({})).toBe(200);
  });

  it('lead to where the provider says who has none of their own, and that is told with what came out', async () => {
    const provider = { return_urls: ['https://crm.example/wechat'], return_url: 'https://crm.example/wechat/done' };
    expect((await system.call('PATCH', `/v1/platforms/${platform}`, provider)).status).toBe(200);
    const leadsTo = ({ text }: { text: string }) =>
      /href="(https:[^"]*example[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    try {
      const [allSet, unset, other] = [await account(), await account(), await account()];
      const done = await authorize((await issue({ ref: '店铺 9' })).url, allSet);
      const ref = encodeURIComponent('店铺') + '+9';
      expect(leadsTo(done)).toBe(`https://crm.example/wechat/done?result=authorized&merchant=${allSet}&ref=${ref}`);

      const own = await issue({ return_url: 'https://crm.example/wechat/7#end', merchant: unset });
      const link = wechatLinkIn(await click(own.url));
      const mistaken = await system.control('POST', 'consents', { link, authorizer_appid: other });
      const failed = await open(mistaken.redirect_url);
      expect([failed.status, leadsTo(failed)]).toEqual([409, 'https://crm.example/wechat/7?result=failed#end']);
      await system.control('PATCH', `merchants/${unset}`, { consent: [1] });
      const incomplete = await authorize(own.url, unset);
      expect(leadsTo(incomplete)).toBe(`https://crm.example/wechat/7?result=incomplete&merchant=${unset}#end`);

      const page = await open(`${pageOf(system)}?link=v1.l.forged`);
      expect([page.status, leadsTo(page)]).toEqual([400, 'https://crm.example/wechat/done?result=failed']);
      expect((await post({ return_url: 'https://crm.example/elsewhere' })).body.code).toBe('return_url_not_allowed');
      // What was allowed when the link was issued is no more.
      const late = await issue({ return_url: 'https://crm.example/wechat/late' });
      await system.call('PATCH', `/v1/platforms/${platform}`, { return_urls: [] });
      expect(leadsTo(await authorize(late.url, await account()))).toMatch(/^https:\/\/crm\.example\/wechat\/done\?/);
    } finally {
      await system.call('PATCH', `/v1/platforms/${platform}`, { return_urls: [], return_url: null });
    }
  });

  it('go with their platform', async () => {
    const { status } = await post({ platform: SECOND.component_appid });
    expect(status).toBe(201);
    expect((await system.call('DELETE', `/v1/platforms/${SECOND.component_appid}`)).status).toBe(204);
    expect(
      await system.sql(`SELECT 1 FROM authorization_links WHERE platform_id NOT IN (SELECT id FROM platforms)`),
    ).toEqual([]);
  });
});

describe('a merchant’s facts', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  it('are read anew once a minute, however often that is asked for', async () => {
    const [merchant, neighbour] = [await system.onboardMerchant(), await system.onboardMerchant()];
    const asked = (authorizer_appid: string) =>
      system.simulator.simulation.callLog.find({ operation: 'api_get_authorizer_info', authorizer_appid }).length;
    const refresh = (appid: string) => system.call('POST', `/v1/merchants/${appid}/refresh`);
    const before = asked(merchant);
    await system.control('PATCH', `merchants/${merchant}`, { nick_name: 'renamed' });
    const first = await refresh(merchant);
    expect(first.body.nick_name).toBe('renamed');
    for (let i = 0; i < 639; i += 71) {
      const replies = await Promise.all(Array.from({ length: 71 }, () => refresh(merchant)));
      for (const { status, body } of replies) expect({ status, body }).toEqual({ status: 200, body: first.body });
    }
    expect(asked(merchant)).toBe(before + 1);
    const audited = await system.call('GET', `/v1/audit-events?subject=${merchant}&action=merchant.refreshed`);
    expect(audited.body.data).toHaveLength(1);

    const others = asked(neighbour);
    await refresh(neighbour);
    expect(asked(neighbour)).toBe(others + 1);
    await system.sql(
      `UPDATE merchants SET refresh_asked_at = now() - interval '1 minute' WHERE authorizer_appid = $1`,
      [merchant],
    );
    const again = await eventually(
      () => refresh(merchant),
      ({ body }) => body.facts_read_at !== first.body.facts_read_at,
    );
    expect(again.status).toBe(200);
    expect(asked(merchant)).toBe(before + 2);
  });

  it('are compared with WeChat’s list once a minute for a key with limits, and as often as it likes for the provider', async () => {
    const [first] = await system.sql<{ id: string }>(`SELECT id FROM api_keys WHERE is_bootstrap`);
    const admin = { apiKeyId: first?.id ?? '', role: 'admin' as const, scope: EVERYTHING, tenant: null };
    const wish = { name: 'tenant', role: 'admin' as const, expiresAt: null, platforms: [PLATFORM.component_appid] };
    const { key } = await system.api
      .get(IssuedKeys)
      .issue({ ...admin, expiresAt: null, requestId: 'test', ip: 'test' }, wish);
    const sync = (headers: Record<string, string> = {}) =>
      system.call('POST', `/v1/platforms/${PLATFORM.component_appid}/sync`, undefined, headers);
    const lists = () => system.simulator.simulation.callLog.find({ operation: 'api_get_authorizer_list' }).length;
    const tenant = { authorization: `Bearer ${key}` };

    const before = lists();
    const replies = await Promise.all(Array.from({ length: 20 }, () => sync(tenant)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(19);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('sync_too_soon');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(lists()).toBe(before + 1);
    expect([(await sync()).status, (await sync()).status]).toEqual([200, 200]);
    await system.sql(`UPDATE platforms SET reconcile_asked_at = now() - interval '1 minute'`);
    expect((await sync(tenant)).status).toBe(200);
  });
});
