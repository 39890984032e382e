import { randomBytes } from 'node:crypto';
import { Sessions } from '@app/access';
import { TOLERANCE } from '../apps/api/src/http/bodies/tolerance.js';
import { System, type Reply } from './support/system.js';

const WITHOUT_KEY = { authorization: '' };
/** As long as a process remembers whom it let in, and a little more. */
const FORGOTTEN_MS = 1_200;

describe('sessions', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ tolerance: { failedKeysPerMinute: TOLERANCE.failedKeysPerMinute } });
  });
  afterAll(() => system.close());

  async function aKey(role = 'operator', limits: object = {}): Promise<{ id: string; key: string }> {
    const { status, body } = await system.call('POST', '/v1/api-keys', { name: `a ${role}`, role, ...limits });
    expect(status).toBe(201);
    return body;
  }

  const signIn = (body: unknown, headers: Record<string, string> = {}) =>
    system.call('POST', '/v1/session', body, { ...WITHOUT_KEY, ...headers });

  const cookieOf = ({ headers }: Reply) => headers.get('set-cookie')?.split(';')[0] ?? '';

  async function signedIn(key: string): Promise<{ cookie: string; id: string }> {
    const reply = await signIn({ api_key: key });
    expect(reply.status).toBe(200);
    return { cookie: cookieOf(reply), id: reply.body.id };
  }

  /** As a page of ours would ask. */
  const ask = (method: string, path: string, cookie: string, body?: unknown, headers: Record<string, string> = {}) =>
    system.call(method, path, body, { ...WITHOUT_KEY, cookie, origin: system.url, ...headers });

  const statusAfterAWhile = async (cookie: string) => {
    await new Promise((resolve) => setTimeout(resolve, FORGOTTEN_MS));
    return (await ask('GET', '/v1/session', cookie)).status;
  };

  it('begin with a key, as a cookie that pages cannot read, and say who they are', async () => {
    const { id, key } = await aKey('operator', { merchants: ['wx570bc396a51b8ff8'] });
    const reply = await signIn({ api_key: key }, { origin: system.url });
    expect(reply.status).toBe(200);
    const acts = { id, name: 'a operator', role: 'operator', platforms: null, merchants: ['wx570bc396a51b8ff8'] };
    expect(reply.body).toEqual({
      id: expect.any(String),
      api_key: acts,
      started_at: expect.any(String),
      ip: expect.any(String),
      expires_at: expect.any(String),
    });
    expect(Date.parse(reply.body.expires_at) - Date.parse(reply.body.started_at)).toBe(12 * 3_600_000);
    expect(reply.headers.get('set-cookie')).toMatch(
      /^retract_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const cookie = cookieOf(reply);
    expect((await ask('GET', '/v1/session', cookie)).body).toEqual(reply.body);
    const byKey = await system.call('GET', '/v1/session', undefined, { authorization: `Bearer ${key}` });
    expect(byKey.body).toEqual({ id: null, api_key: acts, started_at: null, ip: null, expires_at: null });
    const [, secret = ''] = cookie.split('=');
    expect(JSON.stringify(await system.sql('SELECT * FROM sessions'))).not.toContain(secret);
    expect(JSON.stringify(await system.sql('SELECT * FROM audit_events'))).not.toContain(secret);
  });

  it('have the role and the limits of their key', async () => {
    const { key } = await aKey('viewer', { merchants: ['wx570bc396a51b8ff8'] });
    const { cookie } = await signedIn(key);
    expect((await ask('GET', '/v1/deletions', cookie)).status).toBe(200);
    const forbidden = await ask('POST', '/v1/deletions', cookie, { merchant: 'wx570bc396a51b8ff8', msg_id: '1' });
    expect([forbidden.status, forbidden.body.code]).toEqual([403, 'forbidden']);
    const limited = await ask('GET', '/metrics', cookie);
    expect([limited.status, limited.body.code]).toEqual([403, 'key_limited']);
  });

  it('are not for keys that may do nothing in a browser', async () => {
    const { key } = await aKey('tokens');
    const { status, body } = await signIn({ api_key: key });
    expect([status, body.code]).toEqual([403, 'forbidden']);
  });

  it('stand behind a key that the request names, even one that is none', async () => {
    const { cookie } = await signedIn((await aKey('admin')).key);
    const { id, key } = await aKey('viewer');
    const both = await ask('GET', '/v1/session', cookie, undefined, { authorization: `Bearer ${key}` });
    expect([both.body.id, both.body.api_key.id]).toEqual([null, id]);
    const wrong = await ask('GET', '/v1/session', cookie, undefined, { authorization: 'Bearer nonsense' });
    expect(wrong.status).toBe(401);
  });

  it.each([
    ['no origin', {}],
    ['the origin of another site', { origin: 'https://elsewhere.example' }],
    ['the origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['the origin of a page without one', { origin: 'null' }],
  ])('change nothing with %s', async (_what, headers: Record<string, string>) => {
    const { key } = await aKey('admin');
    const { cookie } = await signedIn(key);
    const made = () => system.sql('SELECT 1 FROM api_keys');
    const before = await made();
    const body = { name: 'foreign', role: 'viewer' };
    const refused = await system.call('POST', '/v1/api-keys', body, { ...WITHOUT_KEY, cookie, ...headers });
    expect([refused.status, refused.body.code]).toEqual([403, 'origin_refused']);
    expect(await made()).toHaveLength(before.length);
    const read = await system.call('GET', '/v1/api-keys', undefined, { ...WITHOUT_KEY, cookie, ...headers });
    expect(read.status).toBe(200);
    expect((await ask('POST', '/v1/api-keys', cookie, body)).status).toBe(201);
    // A key comes with no cookie that a browser could add.
    const byKey = { ...headers, authorization: `Bearer ${key}` };
    expect((await system.call('POST', '/v1/api-keys', body, byKey)).status).toBe(201);
  });

  it('begin on no page of another site', async () => {
    const { key } = await aKey();
    const { status, body, headers } = await signIn({ api_key: key }, { origin: 'https://elsewhere.example' });
    expect([status, body.code, headers.get('set-cookie')]).toEqual([403, 'origin_refused', null]);
  });

  it('are named in the audit log beside their key', async () => {
    const { id: apiKeyId, key } = await aKey('admin');
    const { cookie, id } = await signedIn(key);
    expect((await ask('POST', '/v1/api-keys', cookie, { name: 'made', role: 'viewer' })).status).toBe(201);
    expect((await ask('DELETE', '/v1/session', cookie)).status).toBe(204);
    const { body } = await system.call('GET', `/v1/audit-events?api_key_id=${apiKeyId}`);
    const told = body.data.map(({ action, subject, data }: any) => [action, subject.type, data.session_id ?? null]);
    expect(told).toEqual([
      ['session.ended', 'session', id],
      ['api_key.created', 'api_key', id],
      ['session.started', 'session', null],
    ]);
  });

  it('end by signing out', async () => {
    const { cookie } = await signedIn((await aKey()).key);
    expect((await ask('GET', '/v1/session', cookie)).status).toBe(200);
    const out = await ask('DELETE', '/v1/session', cookie);
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^retract_session=; .*Expires=Thu, 01 Jan 1970/);
    const after = await ask('GET', '/v1/session', cookie);
    expect([after.status, after.body.code]).toEqual([401, 'unauthenticated']);
    const byKey = await system.call('DELETE', '/v1/session');
    expect([byKey.status, byKey.body.code]).toEqual([404, 'session_not_found']);
  });

  it('end with their key, revoked or over', async () => {
    const revoked = await aKey();
    const ended = await aKey();
    const cookies = [(await signedIn(revoked.key)).cookie, (await signedIn(ended.key)).cookie];
    for (const cookie of cookies) expect((await ask('GET', '/v1/session', cookie)).status).toBe(200);
    expect((await system.call('DELETE', `/v1/api-keys/${revoked.id}`)).status).toBe(204);
    await system.sql('UPDATE api_keys SET expires_at = now() WHERE id = $1', [ended.id]);
    expect((await ask('GET', '/v1/session', cookies[0] ?? '')).status).toBe(401);
    expect(await statusAfterAWhile(cookies[1] ?? '')).toBe(401);
  });

  it('end after twelve hours', async () => {
    const { cookie, id } = await signedIn((await aKey()).key);
    await system.sql('UPDATE sessions SET expires_at = now() WHERE id = $1', [id]);
    expect(await statusAfterAWhile(cookie)).toBe(401);
  });

  it('end when an admin ends them, who sees those of keys within its limits', async () => {
    const mine = await aKey('viewer', { platforms: ['wx0123456789abcdef'] });
    const other = await aKey('viewer', { platforms: ['wxfedcba9876543210'] });
    const [session, foreign] = [await signedIn(mine.key), await signedIn(other.key)];
    const admin = await aKey('admin', { platforms: ['wx0123456789abcdef'] });
    const authorization = `Bearer ${admin.key}`;
    const { body } = await system.call('GET', '/v1/sessions', undefined, { authorization });
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([session.id]);
    const beyond = await system.call('DELETE', `/v1/sessions/${foreign.id}`, undefined, { authorization });
    expect([beyond.status, beyond.body.code]).toEqual([404, 'session_not_found']);
    expect((await system.call('DELETE', `/v1/sessions/${session.id}`, undefined, { authorization })).status).toBe(204);
    expect((await ask('GET', '/v1/session', session.cookie)).status).toBe(401);
    expect((await ask('GET', '/v1/session', foreign.cookie)).status).toBe(200);
    expect((await system.call('GET', '/v1/sessions?limit=1')).body.next_cursor).toEqual(expect.any(String));
  });

  it('are a hundred of a key at most: another one ends the oldest', async () => {
    const { id, key } = await aKey();
    const { cookie } = await signedIn(key);
    await system.sql(
      `INSERT INTO sessions (id, token_hash, api_key_id, ip, expires_at)
       SELECT ('ffffffff-ffff-7fff-bfff-' || lpad(n::text, 12, '0'))::uuid, n::text, $1, '', now() + interval '1 hour'
       FROM generate_series(1, 99) n`,
      [id],
    );
    await signedIn(key);
    const [left] = await system.sql<{ count: number }>('SELECT count(*)::int FROM sessions WHERE api_key_id = $1', [
      id,
    ]);
    expect(left?.count).toBe(100);
    expect(await statusAfterAWhile(cookie)).toBe(401);
  });

  it('are forgotten by the sweep when they are over', async () => {
    const sessions = system.api.get(Sessions);
    const { id: keyId, key } = await aKey();
    const over = await signedIn(key);
    await sessions.issueSignInToken(keyId);
    await system.sql(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [over.id]);
    await system.sql(`UPDATE sign_in_tokens SET expires_at = now() WHERE api_key_id = $1`, [keyId]);
    const kept = await signedIn(key);
    await sessions.forgetOld();
    expect(await system.sql('SELECT id FROM sessions WHERE api_key_id = $1', [keyId])).toEqual([{ id: kept.id }]);
    expect(await system.sql('SELECT 1 FROM sign_in_tokens WHERE api_key_id = $1', [keyId])).toEqual([]);
  });

  it('begin once with a sign-in link, within ten minutes, while its key works', async () => {
    const sessions = system.api.get(Sessions);
    const { id, key } = await aKey();
    const [token, late] = [await sessions.issueSignInToken(id), await sessions.issueSignInToken(id)];
    const used = await Promise.all(Array.from({ length: 4 }, () => signIn({ sign_in_token: token })));
    expect(used.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    const cookie = used.map(cookieOf).find((text) => text !== '') ?? '';
    expect((await ask('GET', '/v1/session', cookie)).body.api_key.id).toBe(id);

    await system.sql(`UPDATE sign_in_tokens SET expires_at = now() WHERE api_key_id = $1`, [id]);
    expect((await signIn({ sign_in_token: late })).status).toBe(401);

    const ofNone = await sessions.issueSignInToken(id);
    await system.call('DELETE', `/v1/api-keys/${id}`);
    expect((await signIn({ sign_in_token: ofNone })).status).toBe(401);
    expect((await signIn({ api_key: key })).status).toBe(401);
  });

  it.each([
    ['neither a key nor a link', {}, 400],
    ['both', { api_key: 'rk_x', sign_in_token: 'x' }, 400],
    ['something else besides', { api_key: 'rk_x', name: 'x' }, 400],
    ['a body that is too long', { api_key: 'x'.repeat(5_000) }, 413],
  ])('do not begin with %s', async (_what, body, status) => {
    expect((await signIn(body)).status).toBe(status);
  });

  it('are slow to try: who sends keys that are none waits, and who was let in before does not', async () => {
    const { key } = await aKey();
    const { cookie } = await signedIn(key);
    expect((await ask('GET', '/v1/session', cookie)).status).toBe(200);
    const aWrongKey = () => ({ api_key: `rk_${randomBytes(32).toString('base64url')}` });
    let reply = await signIn(aWrongKey());
    for (let tried = 1; reply.status === 401 && tried <= TOLERANCE.failedKeysPerMinute; tried++) {
      reply = await signIn(aWrongKey());
    }
    expect([reply.status, reply.body.code]).toEqual([429, 'too_many_failures']);
    expect((await signIn({ sign_in_token: randomBytes(32).toString('base64url') })).status).toBe(429);
    expect((await signIn({ api_key: key })).status).toBe(200);
    expect((await ask('GET', '/v1/session', cookie)).status).toBe(200);
  });
});

describe('the requests of sessions', () => {
  it('count with those of their key', async () => {
    const system = await System.start({ withWorker: false, env: { API_RATE_PER_MINUTE: '5' } });
    try {
      const reply = await system.call('POST', '/v1/session', { api_key: system.apiKey }, WITHOUT_KEY);
      expect(reply.headers.get('ratelimit')).toContain(';r=4;');
      const cookie = reply.headers.get('set-cookie')?.split(';')[0] ?? '';
      const asked = await system.call('GET', '/v1/session', undefined, { ...WITHOUT_KEY, cookie });
      expect(asked.headers.get('ratelimit')).toContain(';r=3;');
      expect((await system.call('GET', '/v1/session')).headers.get('ratelimit')).toContain(';r=2;');
    } finally {
      await system.close();
    }
  });
});

describe('a sign-in link', () => {
  it('is refused where a proxy that nobody named brings it, and is not used up by that', async () => {
    const system = await System.start({ withWorker: false });
    try {
      const { body: me } = await system.call('GET', '/v1/me');
      const signInToken = await system.api.get(Sessions).issueSignInToken(me.id);
      const signIn = (headers: Record<string, string>) =>
        system.call('POST', '/v1/session', { sign_in_token: signInToken }, { ...WITHOUT_KEY, ...headers });
      for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
        expect((await signIn({ [name]: '127.0.0.1' })).status).toBe(401);
      }
      expect((await signIn({})).status).toBe(200);
    } finally {
      await system.close();
    }
  });

  it('is for browsers on this machine: from elsewhere it is refused, and is not used up by that', async () => {
    const system = await System.start({ withWorker: false, env: { TRUST_PROXY: '127.0.0.0/8' } });
    try {
      const { body: me } = await system.call('GET', '/v1/me');
      const signInToken = await system.api.get(Sessions).issueSignInToken(me.id);
      const signInFrom = (ip: string) =>
        system.call('POST', '/v1/session', { sign_in_token: signInToken }, { ...WITHOUT_KEY, 'x-forwarded-for': ip });
      const elsewhere = await signInFrom('203.0.113.7');
      expect([elsewhere.status, elsewhere.body.code]).toEqual([401, 'unauthenticated']);
      expect(elsewhere.headers.get('set-cookie')).toBeNull();
      expect((await signInFrom('127.0.0.1')).status).toBe(200);
    } finally {
      await system.close();
    }
  });
});
