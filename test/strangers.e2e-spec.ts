import { randomBytes } from 'node:crypto';
import { IssuedKeys } from '@app/access';
import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { eventually } from './support/eventually.js';
import { head, RawClient } from './support/raw-client.js';
import { PLATFORM, System } from './support/system.js';

const FAILURES = 10;

interface Line {
  level: string;
  message: string;
  facts: any;
}

describe('strangers', () => {
  let system: System;
  const lines: Line[] = [];

  beforeAll(async () => {
    const nothing = () => undefined;
    const note = (level: string) => (message: unknown, facts: unknown) =>
      void lines.push({ level, message: String(message), facts });
    system = await System.start({
      withWorker: false,
      env: { TRUST_PROXY: '127.0.0.0/8' },
      tolerance: { failedKeysPerMinute: FAILURES, refusalsToldEveryMs: 300 },
      logger: { log: nothing, warn: note('warn'), error: note('error'), fatal: note('fatal') },
    });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  let addresses = 0;
  const anAddress = () => `198.51.100.${++addresses}`;
  const aGuess = () => `rk_${randomBytes(32).toString('base64url')}`;
  const ask = (key: string, address: string, path = '/v1/merchants') =>
    system.call('GET', path, undefined, { authorization: `Bearer ${key}`, 'x-forwarded-for': address });
  const push = (appid: string, address: string, query: Record<string, string>, body: string) =>
    system.callText('POST', `/wechat/${appid}/events?${new URLSearchParams(query).toString()}`, body, {
      'content-type': 'text/xml',
      'x-forwarded-for': address,
    });
  /** A request that asks for the table fails meanwhile. */
  async function without(table: string, act: () => Promise<void>): Promise<void> {
    await system.sql(`ALTER TABLE ${table} RENAME TO away`);
    try {
      await act();
    } finally {
      await system.sql(`ALTER TABLE away RENAME TO ${table}`);
    }
  }

  it('who try many keys wait, and the database is not asked; good keys of the same address go on', async () => {
    const [guesser, other] = [anAddress(), anAddress()];
    const statuses = [];
    for (let i = 0; i < FAILURES; i++) statuses.push((await ask(aGuess(), guesser)).status);
    expect(statuses).toEqual(Array(FAILURES).fill(401));
    await without('api_keys', async () => {
      const refused = await ask(aGuess(), guesser);
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_failures' } });
      expect(refused.headers.get('connection')).toBe('close');
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
    });
    expect((await ask(aGuess(), other)).status).toBe(401);
    // Behind a proxy that the settings do not name, good and bad have one address.
    expect((await ask(system.apiKey, guesser)).status).toBe(200);
  });

  it('who bring no key at all are told so, however often', async () => {
    const address = anAddress();
    for (let i = 0; i < 2 * FAILURES; i++) {
      const { status } = await system.call('GET', '/v1/merchants', undefined, {
        authorization: '',
        'x-forwarded-for': address,
      });
      expect(status).toBe(401);
    }
    expect((await ask(aGuess(), address)).status).toBe(401);
  });

  it('who push without a signature are refused before their XML, or the database, is looked at', async () => {
    await without('platforms', async () => {
      for (const query of [{}, { timestamp: '1', nonce: '2' }, { timestamp: '1', nonce: '2', msg_signature: '' }]) {
        const refused = await push(`wx${randomBytes(8).toString('hex')}`, anAddress(), query, 'no XML');
        expect(refused).toMatchObject({ status: 403, body: { code: 'push_refused' } });
        expect(refused.body.detail).toContain('bad_signature');
      }
    });
  });

  it('who open authorization pages of platforms that are not here, or come back with what is forged, cost no query each', async () => {
    const open = (path: string, method = 'GET') =>
      system.call(method, `/authorize/${path}`, undefined, { 'x-forwarded-for': anAddress() });
    const made = () => `wx${randomBytes(8).toString('hex')}`;
    expect((await open(made())).status).toBe(404);
    await without('platforms', async () => {
      const made404 = ['GET', 'POST', 'GET', 'POST'].map((method) => open(made(), method));
      expect((await Promise.all(made404)).map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      const forged = [
        `${made()}?link=v1.a.${made()}.${'A'.repeat(43)}`,
        ...[made(), PLATFORM.component_appid].map((appid) => `${appid}/callback?state=a.b&auth_code=c`),
      ];
      for (const path of forged) expect((await open(path)).status).toBe(400);
    });
  });

  it('do not keep WeChat out, which pushes from the same address for platforms that are not here', async () => {
    const wechat = anAddress();
    const query = { timestamp: '1', nonce: '2', msg_signature: '0'.repeat(40) };
    for (let i = 0; i < 5 * FAILURES; i++) {
      const { status } = await push(`wx${randomBytes(8).toString('hex')}`, wechat, query, '<xml></xml>');
      expect(status).toBe(403);
    }
    for (let i = 0; i < 2 * FAILURES; i++) await ask(aGuess(), wechat);
    const good = sealPush({
      token: PLATFORM.token,
      aesKey: decodeAesKey(PLATFORM.encoding_aes_key),
      appid: PLATFORM.component_appid,
      receiver: { AppId: PLATFORM.component_appid },
      plaintext: buildXml({ InfoType: 'from_a_busy_address' }),
      timestamp: Math.floor(Date.now() / 1000),
      nonce: '1',
    });
    const taken = await push(PLATFORM.component_appid, wechat, good.query, good.body.toString());
    expect(taken).toMatchObject({ status: 200, body: 'success' });
  });

  it('leave a trace, without the key that was tried', async () => {
    const address = anAddress();
    const [admin] = await system.sql<{ id: string }>(`SELECT id FROM api_keys WHERE is_bootstrap`);
    const actor = {
      apiKeyId: admin?.id ?? '',
      role: 'admin' as const,
      scope: { platforms: null, merchants: null },
      tenant: null,
      expiresAt: null,
      requestId: 'test',
      ip: 'test',
    };
    const issued = await system.api.get(IssuedKeys).issue(actor, { name: 'test', role: 'viewer', expiresAt: null });
    const guess = aGuess();
    const codes = [];
    for (const [key, path] of [
      [guess, '/v1/merchants'],
      [guess, '/metrics'],
      [issued.key, '/v1/api-keys'],
      [issued.key, '/v1/api-keys'],
    ] as const) {
      codes.push((await ask(key, address, path)).body.code);
    }
    codes.push((await push('wx0000000000000000', address, {}, '<xml></xml>')).body.code);
    expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'forbidden', 'forbidden', 'push_refused']);

    const told = await eventually(
      () => Promise.resolve(lines.filter(({ facts }) => facts?.address === address)),
      (found) => found.reduce((sum, { facts }) => sum + facts.count, 0) === codes.length,
    );
    expect(told.every(({ level, message }) => level === 'warn' && message === 'requests refused')).toBe(true);
    expect(told.at(-1)?.facts.last).toMatchObject({ code: 'push_refused', component_appid: 'wx0000000000000000' });
    expect(JSON.stringify(lines)).not.toContain(guess);
    expect(JSON.stringify(lines)).not.toContain(issued.key);

    const { body: metrics } = await system.call('GET', '/metrics');
    for (const code of ['unauthenticated', 'forbidden', 'push_refused']) {
      expect(metrics).toMatch(new RegExp(`retract_requests_refused_total\\{code="${code}"\\} [1-9]`));
    }
  });

  describe('what no client sends', () => {
    const authorized = () => ({ authorization: `Bearer ${system.apiKey}` });
    const json = () => ({ ...authorized(), 'content-type': 'application/json' });
    const cases: [name: string, text: () => string | Buffer, status: number, code: string][] = [
      ['a path out of the folder of the docs', () => head('GET /docs/..'), 404, 'not_found'],
      ['the same in percent-encoding', () => head('GET /docs/%2e%2e/%2e%2e/etc/passwd'), 404, 'not_found'],
      ['the same with slashes', () => head('GET /docs//'), 404, 'not_found'],
      ['a NUL in a path', () => head('GET /docs/%00'), 404, 'not_found'],
      ['a very long file name', () => head(`GET /docs/${'a'.repeat(3_000)}`), 404, 'not_found'],
      ['half of a percent-encoding', () => head('GET /docs/%'), 400, 'malformed_request'],
      ['a path in another encoding', () => head('GET /v1/merchants/%ff'), 400, 'malformed_request'],
      ['a very long id', () => head(`GET /v1/merchants/${'a'.repeat(300)}`), 414, 'address_too_long'],
      ['no HTTP', () => 'nonsense\r\n\r\n', 400, 'malformed_request'],
      ['TLS', () => Buffer.from('16030100a5010000a10303', 'hex'), 400, 'malformed_request'],
      ['HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed_request'],
      ['a method that is none', () => head('FOO /health/live'), 400, 'malformed_request'],
      ['headers of 20 kB', () => head('GET /health/live', { x: 'a'.repeat(20_000) }), 431, 'head_too_large'],
      [
        'two lengths',
        () => head('POST /v1/deletions', { ...json(), 'content-length': '2, 3' }),
        400,
        'malformed_request',
      ],
      [
        'a length and chunks',
        () => head('POST /v1/deletions', { ...json(), 'content-length': 2, 'transfer-encoding': 'chunked' }),
        400,
        'malformed_request',
      ],
      [
        'chunks that are none',
        () => `${head('POST /v1/deletions', { ...json(), 'transfer-encoding': 'chunked' })}zz\r\n{}`,
        400,
        'malformed_request',
      ],
      [
        'lines in chunks that are none',
        () =>
          `${head('POST /v1/takedowns', { ...authorized(), 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' })}2\r\n{}\r\nzz\r\n`,
        400,
        'malformed_request',
      ],
      [
        'a body in another charset',
        () =>
          `${head('POST /v1/deletions', { ...json(), 'content-type': 'application/json; charset=gbk', 'content-length': 2 })}{}`,
        415,
        'unsupported_media_type',
      ],
    ];

    it.each(cases)('%s is answered with a problem, and is no alarm', async (_name, text, status, code) => {
      const client = await RawClient.open(system.url, text());
      const answer = await eventually(
        () => Promise.resolve(client.answer()),
        ({ body }) => typeof body === 'object',
      );
      client.close();
      expect({ status: answer.status, ...answer.body }).toMatchObject({ status, code, type: `/docs/problems/${code}` });
      expect(answer.body.request_id).toMatch(/^[\w-]{10,}$/);
      expect(answer.headers).toContain('content-type: application/problem+json');
    });

    it('left no alarm behind', () => {
      expect(lines.filter(({ level }) => level !== 'warn')).toEqual([]);
    });
  });
});
