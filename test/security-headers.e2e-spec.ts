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
