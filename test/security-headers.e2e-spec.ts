import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { PLATFORM, System } from './support/system.js';

describe('every answer of the api', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ withWorker: false });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  const open = (path: string, init: RequestInit = {}) =>
    fetch(system.url + path, { headers: { authorization: `Bearer ${system.apiKey}` }, ...init });
  const headersOf = ({ headers }: Response) => ({
    framing: headers.get('x-frame-options'),
    sniffing: headers.get('x-content-type-options'),
    referrer: headers.get('referrer-policy'),
    transport: headers.get('strict-transport-security'),
  });
  const CAREFUL = { framing: 'DENY', sniffing: 'nosniff', referrer: 'no-referrer', transport: null };
  const big = 'x'.repeat(1024 * 1024 + 1);
  const json = { 'content-type': 'application/json' };

  it.each<[number, string, RequestInit?]>([
    [200, '/v1/merchants'],
    [200, '/health/live', { method: 'HEAD' }],
    [200, '/metrics'],
    [200, '/openapi.json'],
    [200, '/.well-known/jwks.json', { headers: {} }],
    [401, '/v1/merchants', { headers: {} }],
    [404, '/nothing'],
    [404, '/docs/problems/nothing'],
    [414, `/v1/deletions/${'x'.repeat(200)}`],
    [400, '/v1/deletions/%zz'],
    [400, '/v1/merchants?limit=x'],
    [403, `/wechat/${PLATFORM.component_appid}/events`, { method: 'POST', body: '<xml></xml>' }],
    [413, `/wechat/${PLATFORM.component_appid}/events`, { method: 'POST', body: big }],
    [401, '/v1/deletions', { method: 'POST', body: '{', headers: json }],
  ])('is not to be framed, guessed at or told of: %d %s', async (status, path, init = {}) => {
    const answer = await open(path, init);
    expect({ status: answer.status, ...headersOf(answer) }).toEqual({ status, ...CAREFUL });
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; /);
    if (status >= 400) {
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ status, request_id: answer.headers.get('x-request-id') });
    }
  });

  it.each(['/docs/problems', '/docs/problems/not_found', '/authorize/wx1/callback', '/authorize/wxffffffffffffffff'])(
    'lets no script run where it is a page of our own: %s',
    async (path) => {
      const answer = await open(path);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headersOf(answer)).toEqual(CAREFUL);
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; /);
      expect(await answer.text()).not.toMatch(/<script|style=|src=/);
    },
  );

  // All that a browser heeds, and nothing besides: what is missing here is not sent.
  const HEEDED = new RegExp(
    '^(content-security|cross-origin-|origin-agent|permissions-|referrer-|strict-transport|' +
      'x-(content-type|dns|download|frame|permitted|powered|xss))',
  );
  const heeded = ({ headers }: Response) => Object.fromEntries([...headers].filter(([name]) => HEEDED.test(name)));
  const NOTHING = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  const DATA = `default-src 'none'; ${NOTHING}`;
  const DOCS =
    `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; ` +
    `img-src 'self' data:; connect-src 'self'; ${NOTHING}`;
  const PAGE = `default-src 'none'; style-src 'unsafe-inline'; ${NOTHING}`;
  const CONSOLE =
    `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ` +
    `font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'`;
  const preflight = { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' };

  it.each<[string, number, string, string, RequestInit?]>([
    ['data', 200, '/v1/merchants', DATA],
    ['a refusal', 401, '/v1/merchants', DATA, { headers: {} }],
    ['an address that is none', 404, '/nothing', DATA],
    ['a method that is none', 405, '/v1/merchants', DATA, { method: 'DELETE' }],
    ['a preflight', 405, '/v1/merchants', DATA, { method: 'OPTIONS', headers: preflight }],
    ['an address that cannot be read', 400, '/%zz', DATA],
    ['a push that is refused', 403, `/wechat/${PLATFORM.component_appid}/events`, DATA, { method: 'POST', body: 'x' }],
    ['a way to the console', 302, '/', DATA],
    ['the console', 200, '/console/takedowns', CONSOLE],
    ['a file of the console that is none', 404, '/console/assets/nothing.js', DATA],
    ['the docs', 200, '/docs', DOCS],
    ['a file of the docs', 200, '/docs/swagger-ui.css', DOCS],
    ['a page of the docs', 200, '/docs/problems/not_found', PAGE],
  ])('has for %s exactly what browsers have to heed', async (_what, status, path, policy, init = {}) => {
    const answer = await open(path, { redirect: 'manual', ...init });
    expect({ status: answer.status, ...heeded(answer) }).toEqual({
      status,
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  it('has the same for a push that is taken', async () => {
    const timestamp = Math.floor(Date.now() / 1000);
    const { body, query } = sealPush({
      token: PLATFORM.token,
      aesKey: decodeAesKey(PLATFORM.encoding_aes_key),
      appid: PLATFORM.component_appid,
      receiver: { ToUserName: 'gh_0123456789ab' },
      plaintext: buildXml({ CreateTime: timestamp, MsgType: 'text', Content: 'hello' }),
      timestamp,
      nonce: 'headers',
    });
    const search = new URLSearchParams(query).toString();
    const path = `/wechat/${PLATFORM.component_appid}/messages/wx0123456789abcde0?${search}`;
    const answer = await open(path, { method: 'POST', body: body.toString(), headers: { 'content-type': 'text/xml' } });
    expect(await answer.text()).toBe('success');
    expect(heeded(answer)).toEqual({
      'content-security-policy': DATA,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  it('tells WeChat which host its authorization page was opened from, and no more', async () => {
    const answer = await open(`/authorize/${PLATFORM.component_appid}?ref=shop`);
    expect(answer.status).toBe(200);
    expect(headersOf(answer)).toEqual({ ...CAREFUL, referrer: 'strict-origin' });
  });

  it('lets the page at /docs have what it loads', async () => {
    for (const path of ['/docs', '/docs/']) {
      const answer = await open(path);
      expect(answer.status).toBe(200);
      expect(headersOf(answer)).toEqual(CAREFUL);
      const policy = answer.headers.get('content-security-policy');
      for (const part of ["script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"]) {
        expect(policy).toContain(`${part};`);
      }
      const html = await answer.text();
      // No script stands in the page, and whatever it names is on this host.
      expect(html.match(/<script(?![^>]* src=)/g)).toBeNull();
      const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
        ([, link = '']) => new URL(link, system.url + path),
      );
      expect(loaded.length).toBeGreaterThan(3);
      for (const url of loaded) {
        expect(url.origin).toBe(system.url);
        expect([url.pathname, (await fetch(url)).status]).toEqual([url.pathname, 200]);
      }
    }
  });

  it('asks for https for a year where that is how the api is reached', async () => {
    const secure = await System.start({ withWorker: false, env: { PUBLIC_URL: 'https://retract.example' } });
    try {
      for (const path of ['/health/live', '/docs', '/nothing', '/%zz', '/authorize/wx1/callback']) {
        const { headers } = await fetch(secure.url + path);
        expect([path, headers.get('strict-transport-security')]).toEqual([path, 'max-age=31536000']);
      }
    } finally {
      await secure.close();
    }
  });
});
