import { IssuedKeys } from '@app/access';
import { problemCodes } from '../apps/api/src/http/problems.js';
import { System } from './support/system.js';

describe('the edge of the api', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ withWorker: false, env: { API_RATE_PER_MINUTE: '5' } });
  });
  afterAll(() => system.close());

  const aKey = async () => {
    // Each test has a key of its own, made behind the back of the limit.
    const [admin] = await system.sql<{ id: string }>(`SELECT id FROM api_keys WHERE is_bootstrap`);
    const scope = { platforms: null, merchants: null };
    const actor = {
      apiKeyId: admin?.id ?? '',
      role: 'admin' as const,
      scope,
      expiresAt: null,
      requestId: 'test',
      ip: 'test',
    };
    const { key } = await system.api.get(IssuedKeys).issue(actor, { name: 'test', role: 'viewer', expiresAt: null });
    return { authorization: `Bearer ${key}` };
  };

  it('explains every problem on a page of its own', async () => {
    const index = await fetch(`${system.url}/docs/problems`);
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const links = [...(await index.text()).matchAll(/href="(\/docs\/problems\/\w+)"/g)].map(([, path]) => path);
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

  it('counts the requests of each key, and refuses those beyond the limit', async () => {
    const [one, other] = [await aKey(), await aKey()];
    const replies = [];
    for (let i = 0; i < 6; i++) replies.push(await system.call('GET', '/v1/merchants', undefined, one));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(replies.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['4', '3', '2', '1', '0', '0']);
    expect(replies.map(({ headers }) => headers.get('ratelimit-limit'))).toEqual(Array(6).fill('5'));
    const [refused] = replies.slice(-1);
    expect(refused?.body).toMatchObject({ code: 'rate_limited', status: 429 });
    const wait = Number(refused?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused?.headers.get('ratelimit-reset')).toBe(String(wait));
    expect((await system.call('GET', '/v1/merchants', undefined, other)).status).toBe(200);
    expect((await fetch(`${system.url}/health/live`)).headers.get('ratelimit-limit')).toBeNull();
  });
});
