import { IssuedKeys, type Role } from '@app/access';
import { problemCodes } from '../apps/api/src/http/problems/problems.js';
import { System } from './support/system.js';

describe('the edge of the api', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ withWorker: false, env: { API_RATE_PER_MINUTE: '5', TRUST_PROXY: '127.0.0.0/8' } });
  });
  afterAll(() => system.close());

  const aKey = async (role: Role = 'viewer') => {
    // Each test has a key of its own, made behind the back of the limit.
    const [admin] = await system.sql<{ id: string }>(`SELECT id FROM api_keys WHERE is_bootstrap`);
    const scope = { platforms: null, merchants: null };
    const actor = {
      apiKeyId: admin?.id ?? '',
      role: 'admin' as const,
      scope,
      tenant: null,
      expiresAt: null,
      requestId: 'test',
      ip: 'test',
    };
    const { key } = await system.api.get(IssuedKeys).issue(actor, { name: 'test', role, expiresAt: null });
    return { authorization: `Bearer ${key}` };
  };

  it('explains every problem on a page of its own', async () => {
    const index = await fetch(`${system.url}/docs/problems`);
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const links = [...(await index.text()).matchAll(/href="(problems\/\w+)"/g)].map(([, path]) => `/docs/${path}`);
    expect(links).toEqual(problemCodes.map((code) => `/docs/problems/${code}`));
    for (const path of links) {
      const page = await fetch(system.url + path);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('What to do');
    }
    expect((await fetch(`${system.url}/docs/problems/no_such_code`)).status).toBe(404);
  });

  it('says in a problem where it is explained', async () => {
    const { status, body } = await system.call('GET', '/v1/merchants', undefined, { authorization: '' });
    expect({ status, type: body.type, code: body.code }).toEqual({
      status: 401,
      type: '/docs/problems/unauthenticated',
      code: 'unauthenticated',
    });
    expect(body.request_id).toMatch(/^[\w-]{10,}$/);
  });

  it('asks for a key, and counts, before it reads a body', async () => {
    const [key, noKey] = [await aKey(), { authorization: '' }];
    const send = (headers: Record<string, string>, path = '/v1/takedowns') =>
      system.callText('POST', path, '{', headers);
    expect(await send(noKey)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await send(key)).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
    // What is no JSON would be 400 if anybody read it.
    expect(await send(noKey, '/v1/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await fetch(`${system.url}/metrics`, { method: 'HEAD' })).status).toBe(401);
  });

  it('knows callers by what a proxy says that the settings name', async () => {
    const headers = { ...(await aKey('admin')), 'x-forwarded-for': '198.51.100.1, 203.0.113.9' };
    const { body } = await system.call('POST', '/v1/api-keys', { name: 'proxied', role: 'viewer' }, headers);
    const [row] = await system.sql(`SELECT ip FROM audit_events WHERE subject_id = $1`, [body.id]);
    expect(row).toEqual({ ip: '203.0.113.9' });
  });

  it('takes XML from WeChat only', async () => {
    const xml = { ...(await aKey()), 'content-type': 'text/xml' };
    const refused = await system.callText('POST', '/v1/deletions', '<xml></xml>', xml);
    expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it('does not repeat at length what is wrong with a request', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`unknown_${index}`, 1]));
    const refused = await system.call('POST', '/v1/deletions', unknown, await aKey('operator'));
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(JSON.stringify(refused.body).length).toBeLessThan(5_000);
    const items = Array.from({ length: 1_000 }, () => 1);
    const many = await system.call('POST', '/v1/takedowns', { items }, await aKey('operator'));
    expect(many.body.errors).toHaveLength(100);
  });

  it('counts the requests of each key, and refuses those beyond the limit', async () => {
    const [one, other] = [await aKey(), await aKey()];
    const replies = [];
    for (let i = 0; i < 6; i++) replies.push(await system.call('GET', '/v1/merchants', undefined, one));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    const told = replies.map(({ headers }) => /^"requests";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? ''));
    expect(told.map((found) => found?.[1])).toEqual(['4', '3', '2', '1', '0', '0']);
    expect(replies.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(Array(6).fill('"requests";q=5;w=60'));
    const [refused] = replies.slice(-1);
    expect(refused?.body).toMatchObject({ code: 'rate_limited', status: 429 });
    const wait = Number(refused?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(told.at(-1)?.[2]).toBe(String(wait));
    expect((await system.call('GET', '/v1/merchants', undefined, other)).status).toBe(200);
    expect((await fetch(`${system.url}/health/live`)).headers.get('ratelimit')).toBeNull();
  });
});
