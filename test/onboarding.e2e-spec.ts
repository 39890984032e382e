import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { createLogger } from '@app/logging';
import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';

const SECOND_PLATFORM = {
  component_appid: 'wxfedcba9876543210',
  app_secret: 'f00dfacef00dfacef00dfacef00dface',
  token: 'anotherTokenForPushes',
  encoding_aes_key: 'GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba',
};
const PNG_BEGINNING = 'iVBORw0KGgoAAAANSUhEUgAA';
const NEW_AES_KEY = 'abcdefghijklmnopqrstuvwxyz9876543210ABCDEFG';

describe('onboarding', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
    await system.registerPlatform(SECOND_PLATFORM);
  });
  afterAll(() => system.close());

  const merchant = (appid: string, query = '') => system.call('GET', `/v1/merchants/${appid}${query}`);
  const calls = async (operation: string, appid: string) =>
    (await system.control('GET', `calls?operation=${operation}&authorizer_appid=${appid}`)).data.length as number;

  /** The admin's way to WeChat's page and back, up to the address that the browser is sent to. */
  async function consent(appid: string, { sets, platform = PLATFORM, ref }: Consent = {}): Promise<string> {
    const issued =
      ref &&
      (await system.call('POST', '/v1/authorization-links', { platform: platform.component_appid, ref })).body.url;
    const answer = await system.control('POST', 'consents', {
      link: await system.clickThrough(issued ?? `${system.url}/authorize/${platform.component_appid}`),
      authorizer_appid: appid,
      ...(sets && { permission_sets: sets }),
    });
    return answer.redirect_url;
  }
  interface Consent {
    sets?: number[];
    platform?: typeof PLATFORM;
    ref?: string;
  }
  const account = async (input: object = {}): Promise<string> =>
    (await system.control('POST', 'merchants', input)).appid;
  async function open(url: string, language = 'zh'): Promise<{ status: number; headers: Headers; text: string }> {
    const response = await fetch(url, { headers: { 'accept-language': language } });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  it('tells the admin that all is set, and the provider which merchant that is', async () => {
    const appid = await account({ nick_name: '茶馆' });
    const page = await open(await consent(appid, { ref: '店铺 7' }));
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    for (const text of ['茶馆', appid, '一切就绪', 'lang="zh-CN"']) expect(page.text).toContain(text);
    expect(page.text).not.toContain('All set');
    expect((await merchant(appid)).body).toMatchObject({
      appid,
      component_appid: PLATFORM.component_appid,
      ref: '店铺 7',
      state: 'authorized',
      eligible: true,
      ineligible_reasons: [],
      nick_name: '茶馆',
    });
  });

  it.each([
    ['set 7 was not granted', {}, [1, 2], 'permission_set_7_not_granted', '群发与通知', 'keep it ticked'],
    [
      'it is a mini program',
      { kind: 'mini_program' },
      undefined,
      'not_an_official_account',
      '不是公众号',
      'not an Official',
    ],
    ['it is not verified', { verify_type: -1 }, undefined, 'not_verified', '微信认证', 'not verified'],
    ['it is frozen', { account_status: 19 }, undefined, 'account_frozen', '账号状态不正常', 'not in good standing'],
  ])(
    'says in the admin’s language what is missing when %s, and refuses deletions',
    async (_what, input, sets, reason, zh, en) => {
      const appid = await account(input);
      const url = await consent(appid, sets ? { sets } : {});
      const [page, english] = [await open(url), await open(url, 'en-GB')];
      expect([page.status, english.status]).toEqual([200, 200]);
      expect(page.text).toContain(zh);
      expect(page.text).not.toContain(en);
      expect(english.text).toContain(en);
      expect(english.text).not.toContain(zh);
      expect(page.text).not.toContain('All set');
      expect(page.text).toContain(`href="${system.url}/authorize/${PLATFORM.component_appid}?link=v1.a.${appid}.`);
      expect((await merchant(appid)).body).toMatchObject({ eligible: false, ineligible_reasons: [reason] });
      const refused = await system.call('POST', '/v1/deletions', {
        merchant: appid,
        msg_id: '3147483661',
        article_idx: 1,
      });
      expect(refused).toMatchObject({ status: 409, body: { code: 'merchant_not_eligible', reasons: [reason] } });
    },
  );

  it('shows an account’s name as text, whatever is in it', async () => {
    const page = await open(await consent(await account({ nick_name: '<script>alert("1")</script>&\'' })));
    expect(page.text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;');
    expect(page.text).not.toContain('<script');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('shows the same page when it is loaded again, with one exchange for redirect and event together', async () => {
    const appid = await account();
    const url = await consent(appid);
    const pages = await Promise.all([open(url), open(url), open(url)]);
    expect(new Set(pages.map(({ text }) => text)).size).toBe(1);
    await eventually(
      () => system.api.get(DataSource).query(`SELECT state FROM callback_events WHERE authorizer_appid = $1`, [appid]),
      (events: { state: string }[]) => events.length > 0 && events.every(({ state }) => state === 'done'),
    );
    expect(await open(url)).toMatchObject({ status: 200, text: pages[0]?.text });
    const code = new URL(url).searchParams.get('auth_code');
    const exchanges = system.simulator.simulation.callLog
      .find({ operation: 'api_query_auth' })
      .filter(({ requestBody }) => JSON.stringify(requestBody).includes(code ?? 'no code'));
    expect(exchanges).toHaveLength(1);
  });

  it('works through the event alone when the admin never comes back', async () => {
    const appid = await account();
    await consent(appid);
    const { body } = await eventually(
      () => merchant(appid),
      ({ status, body }) => status === 200 && body.facts_read_at !== null,
    );
    expect(body).toMatchObject({ state: 'authorized', eligible: true, ref: null });
  });

  it('takes the first of two authorization codes in one address', async () => {
    const appid = await account();
    const url = await consent(appid);
    expect((await open(`${url}&auth_code=queryauthcode%40%40%40another`)).text).toContain(appid);
  });

  it('refuses a link that is forged, cut short, or used already, on a page, and changes nothing', async () => {
    const [first, second] = [await account(), await account()];
    const used = new URL(await consent(first));
    await open(used.href);
    system.simulator.simulation.pusher.faults.loss = 1;
    const fresh = new URL(await consent(second));
    system.simulator.simulation.pusher.faults.loss = 0;
    const code = fresh.searchParams.get('auth_code') ?? '';
    const state = fresh.searchParams.get('state') ?? '';
    for (const [wrong, status] of [
      [`${state.slice(0, -2)}AA`, 400],
      [state.split('.')[0] ?? '', 400],
      ['x.y', 400],
      [used.searchParams.get('state') ?? '', 409],
    ] as const) {
      const url = new URL(fresh);
      url.searchParams.set('state', wrong);
      const page = await open(url.href);
      expect(page.status).toBe(status);
      expect(page.text).toContain('未能完成');
      expect(page.text).not.toContain(code);
    }
    expect((await merchant(second)).status).toBe(404);
    expect((await open(fresh.href)).status).toBe(200);
  });

  it('carries the provider’s name and logo, which an admin sets', async () => {
    const { component_appid } = PLATFORM;
    const path = `/v1/platforms/${component_appid}`;
    const png = `${PNG_BEGINNING}AAAA`;
    const set = await system.call('PATCH', path, { provider_name: '青禾 <b>', provider_logo: png });
    expect(set).toMatchObject({
      status: 200,
      body: { provider_name: '青禾 <b>', provider_logo_url: `${system.url}/authorize/${component_appid}/logo` },
    });
    expect(JSON.stringify(set.body)).not.toContain(png);
    const [act] = (await system.call('GET', `/v1/audit-events?action=platform.updated`)).body.data;
    expect(act).toMatchObject({ component_appid, data: { changed: ['provider_logo', 'provider_name'] } });

    const address = `${system.url}/authorize/${component_appid}`;
    const click = await fetch(address, { method: 'POST' });
    const pages = [
      await open(address),
      { status: click.status, headers: click.headers, text: await click.text() },
      await open(await consent(await account())),
      await open(`${address}/callback?state=x.y&auth_code=z`),
    ];
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 400]);
    for (const { text, headers } of pages) {
      expect(text).toContain(`<img src="${address}/logo" alt=""><span>青禾 &lt;b&gt;</span>`);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*img-src 'self'; /);
    }
    const logo = await fetch(`${address}/logo`);
    expect(Buffer.from(await logo.arrayBuffer()).toString('base64')).toBe(png);
    expect(Object.fromEntries(logo.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    // Of this platform alone.
    expect((await open(`${system.url}/authorize/${SECOND_PLATFORM.component_appid}`)).text).not.toContain('<img');
    expect((await fetch(`${system.url}/authorize/${SECOND_PLATFORM.component_appid}/logo`)).status).toBe(404);

    const none = await system.call('PATCH', path, { provider_name: null, provider_logo: null });
    expect(none.body).toMatchObject({ provider_name: null, provider_logo_url: null });
    expect((await fetch(`${address}/logo`)).status).toBe(404);
    expect((await open(address)).text).not.toMatch(/<img|<header/);
  });

  it.each([
    ['SVG', { provider_logo: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64') }],
    ['what is no base64', { provider_logo: `data:image/png;base64,${PNG_BEGINNING}` }],
    ['an empty name', { provider_name: '' }],
    ['http', { return_url: 'http://crm.example/' }],
    ['a script', { return_url: 'javascript:alert(1)' }],
    ['a user name that looks like a host', { return_url: 'https://wechat.example@evil.example/' }],
    ['a list with a query', { return_urls: ['https://crm.example/?next='] }],
    ['a list with http', { return_urls: ['http://crm.example/'] }],
  ])('takes no %s for its pages, and changes nothing', async (_what, change) => {
    const path = `/v1/platforms/${PLATFORM.component_appid}`;
    const before = (await system.call('GET', path)).body;
    expect(await system.call('PATCH', path, change)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const { updated_at, return_urls } = (await system.call('GET', path)).body;
    expect({ updated_at, return_urls }).toEqual({ updated_at: before.updated_at, return_urls: [] });
  });

  it('lets no key with limits say what its pages show and lead to', async () => {
    const { component_appid } = PLATFORM;
    const wish = { name: 'a tenant', role: 'admin', platforms: [component_appid] };
    const { body } = await system.call('POST', '/v1/api-keys', wish);
    for (const change of [{ provider_name: 'x' }, { provider_logo: null }, { return_url: null }, { return_urls: [] }]) {
      const refused = await system.call('PATCH', `/v1/platforms/${component_appid}`, change, {
        authorization: `Bearer ${body.key}`,
      });
      expect([change, refused.status, refused.body.code]).toEqual([change, 403, 'key_limited']);
    }
  });

  it('goes on in the language that was chosen on the first page', async () => {
    const appid = await account();
    const link = await system.clickThrough(`${system.url}/authorize/${PLATFORM.component_appid}?lang=en`);
    const { redirect_url: back } = await system.control('POST', 'consents', { link, authorizer_appid: appid });
    expect(new URL(back).searchParams.get('lang')).toBe('en');
    expect((await open(back, 'zh-CN')).text).toContain('All set');
    const odd = await open(`${system.url}/authorize/${PLATFORM.component_appid}?lang=fr`);
    expect([odd.status, odd.text.includes('开始授权')]).toEqual([200, true]);
  });

  it('says on a page when WeChat refuses the code', async () => {
    const url = new URL(await consent(await account()));
    url.searchParams.set('auth_code', 'queryauthcode@@@mistyped');
    const page = await open(url.href);
    expect(page.status).toBe(409);
    expect(page.text).toContain('未能完成');
    expect(page.text).not.toContain('mistyped');
  });

  it.each(['', '?auth_code=abc', '?state=abc', '?auth_code=abc&state=forged'])(
    'shows a page that says so when somebody comes back with %j',
    async (query) => {
      const page = await fetch(`${system.url}/authorize/${PLATFORM.component_appid}/callback${query}`);
      expect(page.status).toBe(400);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await page.text()).toContain('未能完成');
    },
  );

  it('takes authorization back, and up again', async () => {
    const appid = await account();
    const neighbour = await system.onboardMerchant();
    const before = (await merchant(neighbour)).body;
    await open(await consent(appid));
    await system.control('POST', `platforms/${PLATFORM.component_appid}/authorizers/${appid}/deauthorize`);
    expect((await merchant(appid)).body).toMatchObject({
      state: 'unauthorized',
      eligible: false,
      ineligible_reasons: ['unauthorized'],
      token_expires_at: null,
      permission_sets: [],
    });
    expect((await merchant(neighbour)).body).toEqual(before);
    await open(await consent(appid));
    expect((await merchant(appid)).body).toMatchObject({ state: 'authorized', eligible: true });
  });

  it('asks which platform is meant when an account authorized two', async () => {
    const appid = await account();
    await open(await consent(appid));
    await open(await consent(appid, { platform: SECOND_PLATFORM, sets: [1] }));
    expect(await merchant(appid)).toMatchObject({ status: 409, body: { code: 'platform_required' } });
    const of = ({ component_appid }: typeof PLATFORM) => merchant(appid, `?component_appid=${component_appid}`);
    expect((await of(PLATFORM)).body).toMatchObject({ eligible: true });
    expect((await of(SECOND_PLATFORM)).body).toMatchObject({ eligible: false, permission_sets: [1] });
    expect(await calls('api_authorizer_token', appid)).toBe(0);
  });

  describe('through pushes', () => {
    const events = `/wechat/${PLATFORM.component_appid}/events`;
    const count = async (): Promise<number> =>
      (await system.api.get(DataSource).query('SELECT count(*)::int AS count FROM callback_events'))[0].count;

    function sealed(fields: Record<string, string>, key = PLATFORM.encoding_aes_key) {
      const { body, query } = sealPush({
        token: PLATFORM.token,
        aesKey: decodeAesKey(key),
        appid: PLATFORM.component_appid,
        plaintext: buildXml({ CreateTime: Math.floor(Date.now() / 1000), Nonce: randomUUID(), ...fields }),
        timestamp: Math.floor(Date.now() / 1000),
        nonce: '1234567890',
        receiver: { AppId: PLATFORM.component_appid },
      });
      return { body, query: new URLSearchParams(query).toString() };
    }
    const post = (path: string, body: Buffer | string, type = 'text/xml') =>
      fetch(system.url + path, { method: 'POST', body, headers: { 'content-type': type } });

    it.each(['text/xml', 'application/xml', 'text/xml; charset=utf-8'])(
      'answers success to %s of any kind',
      async (type) => {
        const { body, query } = sealed({ InfoType: 'something_new' });
        for (let i = 0; i < 2; i++) {
          const response = await post(`${events}?${query}`, body, type);
          expect(response.status).toBe(200);
          expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
          expect(await response.text()).toBe('success');
        }
      },
    );

    it('answers success to messages too', async () => {
      const { body, query } = sealed({ MsgType: 'text', Content: 'hello' });
      const path = `/wechat/${PLATFORM.component_appid}/messages/wx00000000000000aa`;
      expect(await (await post(`${path}?${query}`, body)).text()).toBe('success');
    });

    it('refuses what is not WeChat’s, too large, or for nobody, and records nothing', async () => {
      const { body, query } = sealed({ InfoType: 'something_new' });
      const before = await count();
      const huge = `<xml><Encrypt>${'A'.repeat(70_000)}</Encrypt></xml>`;
      expect((await post(`${events}?${query.replace(/msg_signature=./, 'msg_signature=x')}`, body)).status).toBe(403);
      expect((await post(events, body)).status).toBe(403);
      expect((await post(`${events}?${query}`, `<!DOCTYPE xml>${body.toString()}`)).status).toBe(403);
      expect((await post(`${events}?${query}`, huge)).status).toBe(413);
      expect((await post(`/wechat/wxffffffffffffffff/events?${query}`, body)).status).toBe(403);
      expect((await post(`${events}?${query}`, '{}', 'application/json')).status).toBe(403);
      expect(await count()).toBe(before);
    });

    it('goes on while the AES key is being changed on both sides', async () => {
      const path = `/v1/platforms/${PLATFORM.component_appid}`;
      expect((await system.call('PATCH', path, { encoding_aes_key: NEW_AES_KEY })).status).toBe(200);
      for (const key of [PLATFORM.encoding_aes_key, NEW_AES_KEY]) {
        const { body, query } = sealed({ InfoType: 'something_new' }, key);
        expect((await post(`${events}?${query}`, body)).status).toBe(200);
      }
      await system.control('PATCH', `platforms/${PLATFORM.component_appid}`, { encoding_aes_key: NEW_AES_KEY });
      expect((await system.call('PATCH', path, {})).status).toBe(200);
    });
  });
});

describe('what is left of a whole onboarding', () => {
  it('holds no secret in any column of any table, nor in the log', async () => {
    const lines: string[] = [];
    const output = jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const system = await System.start({ logger: createLogger({ level: 'verbose' }) });
    try {
      const { simulation } = system.simulator;
      simulation.settings.every_refresh_rotates_refresh_token = true;
      await system.registerPlatform();
      await system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, { encoding_aes_key: NEW_AES_KEY });
      await system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, {
        encoding_aes_key: PLATFORM.encoding_aes_key,
      });
      const appid = await system.onboardMerchant();
      await system.onboardMerchant({}, { permissionSets: [1] });
      // A mint, a refused link, a refused code, a deletion: what may leave something behind.
      await system.api.get(DataSource).query(`UPDATE access_tokens SET use_until = now()`);
      const msgId = await system.sendMassMessage(appid);
      const { body } = await system.call('POST', '/v1/deletions', { merchant: appid, msg_id: msgId, article_idx: 1 });
      expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
      await system.control('POST', `platforms/${PLATFORM.component_appid}/authorizers/${appid}/deauthorize`);
      await fetch(
        `${system.url}/authorize/${PLATFORM.component_appid}/callback?state=x.y&auth_code=queryauthcode%40%40%40no`,
      );

      const secrets = secretsOf(system);
      expect(secrets.size).toBeGreaterThan(12);
      const tables = await everything(system.api.get(DataSource));
      expect(tables).toContain(appid);
      expect([...secrets].filter((secret) => tables.includes(secret))).toEqual([]);
      const log = lines.join('');
      expect(log).toContain(appid);
      expect([...secrets].filter((secret) => log.includes(secret))).toEqual([]);
    } finally {
      output.mockRestore();
      await system.close();
    }
  });

  /** All that was ever secret: of the platform, of the simulated WeChat, and in the calls between the two. */
  function secretsOf({ simulator: { simulation }, apiKey, environment }: System): Set<string> {
    const { world, callLog } = simulation;
    const secrets = new Set([apiKey, environment.MASTER_KEYS?.split(':')[1] ?? '', 'queryauthcode@@@no', NEW_AES_KEY]);
    for (const name of ['app_secret', 'token', 'encoding_aes_key'] as const) secrets.add(PLATFORM[name]);
    for (const platform of world.platforms.values()) for (const ticket of platform.tickets.keys()) secrets.add(ticket);
    for (const kept of [world.tokens, world.preAuthCodes, world.authCodes])
      for (const key of kept.keys()) secrets.add(key);
    const calls = JSON.stringify(callLog.find(), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const [, token] of calls.matchAll(/"(?:\w*token|\w*secret|\w*ticket|\w*code)":"([^"]{8,})"/g))
      secrets.add(token ?? '');
    return secrets;
  }

  /** Every row of every table of every schema, the queue's too, as text. */
  async function everything(dataSource: DataSource): Promise<string> {
    const tables: { name: string }[] = await dataSource.query(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    const dumps = await Promise.all(
      tables.map(({ name }) => dataSource.query(`SELECT '${name}' AS name, t::text AS row FROM ${name} t`)),
    );
    return JSON.stringify(dumps);
  }
});
