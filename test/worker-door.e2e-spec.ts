import { endOfBuiltApp, startBuiltApp, type BuiltApp } from './support/built-app.js';
import { freePort } from './support/free-port.js';
import { startRestartablePostgres, type RestartablePostgres } from './support/restartable-postgres.js';
import { PLATFORM, System } from './support/system.js';
import { eventually } from './support/eventually.js';

let postgres: RestartablePostgres;
let system: System;
const workers: BuiltApp[] = [];

beforeAll(async () => {
  postgres = await startRestartablePostgres();
  system = await System.start({ database: postgres, withWorker: false });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')));
});
afterAll(() => system.close());

type Line = Record<string, any>;

/** A worker process. @returns what asks at its door */
async function aWorker(settings: Record<string, string>, lines: Line[] = []) {
  const port = await freePort();
  const environment = { ...system.environment, WORKER_PORT: String(port), ...settings };
  workers.push(await startBuiltApp('worker', environment, (line) => lines.push(JSON.parse(line) as Line)));
  return async (path: string, key?: string, init: RequestInit = {}) => {
    const headers = { ...init.headers, ...(key && { authorization: `Bearer ${key}` }) };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    const text = await answer.text();
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', text };
  };
}
const keyOf = async (wish: object): Promise<string> =>
  (await system.call('POST', '/v1/api-keys', { name: 'scraper', ...wish })).body.key;

it('two workers on one machine run without a port, and with one each', async () => {
  const { WORKER_PORT: _none, ...withoutPort } = system.environment;
  workers.push(...(await Promise.all([1, 2].map(() => startBuiltApp('worker', withoutPort)))));
  const asks = await Promise.all([aWorker({}), aWorker({})]);
  for (const ask of asks) expect((await ask('/health/live')).status).toBe(200);
});

it('a worker whose port is taken does not start, and says which setting that is', async () => {
  const port = new URL(system.url).port;
  const { lines, exitCode } = await endOfBuiltApp('worker', { ...system.environment, WORKER_PORT: port });
  expect(exitCode).toBe(1);
  const last = JSON.parse(lines.at(-1) ?? '{}');
  expect(JSON.stringify(last)).toContain('WORKER_PORT');
  expect(lines.join('\n')).not.toMatch(/^\s+at /m);
});

describe('at its door, a worker', () => {
  it('tells metrics to this machine without a key', async () => {
    const ask = await aWorker({});
    const { status, type, text } = await ask('/metrics');
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(text).toMatch(/^retract_dispatching [01]$/m);
    expect(await ask('/anything')).toMatchObject({ status: 404 });
  });

  it('tells them to others with the key with which the api does', async () => {
    const ask = await aWorker({ WORKER_HOST: '0.0.0.0' });
    await system.registerPlatform();
    const limited = await keyOf({ role: 'viewer', platforms: [PLATFORM.component_appid] });
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', `rk_${'x'.repeat(40)}`)).status).toBe(401);
    expect((await ask('/metrics', await keyOf({ role: 'tokens' }))).status).toBe(403);
    expect((await ask('/metrics', limited)).status).toBe(403);
    expect((await ask('/metrics', await keyOf({ role: 'viewer' }))).status).toBe(200);
    for (const path of ['/health/live', '/health/ready']) expect((await ask(path)).status).toBe(200);
  });

  it('slows down who tries keys, and lets in whom it has let in before', async () => {
    const ask = await aWorker({ WORKER_HOST: '0.0.0.0' });
    const key = await keyOf({ role: 'viewer' });
    expect((await ask('/metrics', key)).status).toBe(200);
    const statuses: number[] = [];
    // The first one counts as well: it was not known before.
    for (let i = 0; i < 60; i++) statuses.push((await ask('/metrics', `rk_${'x'.repeat(40)}${i}`)).status);
    expect(statuses).toEqual([...Array<number>(59).fill(401), 429]);
    expect((await ask('/metrics', await keyOf({ role: 'viewer' }))).status).toBe(429);
    expect((await ask('/metrics', key)).status).toBe(200);
  });

  it('has a line for each request but probes that find all well, and no error for what bots send', async () => {
    const lines: Line[] = [];
    const ask = await aWorker({}, lines);
    const type = (name: string) => ({ headers: { 'content-type': name } });
    const bots: [path: string, init?: RequestInit][] = [
      ['/wp-login.php'],
      ['/metrics', { method: 'POST', body: '{', ...type('application/json') }],
      ['/metrics', { method: 'POST', body: '<xml>', ...type('text/xml') }],
      ['/health/live', { method: 'PUT', body: 'x'.repeat(3_000_000), ...type('application/json') }],
    ];
    for (const [path, init] of bots) {
      const { status, type, text } = await ask(path, undefined, init);
      expect([status, type, JSON.parse(text)]).toEqual([
        404,
        expect.stringContaining('application/problem+json'),
        { status: 404, code: 'not_found' },
      ]);
    }
    expect(await ask('/%ff')).toMatchObject({ status: 400, text: expect.stringContaining('malformed_request') });
    for (const path of ['/health/live', '/health/ready', '/metrics']) expect((await ask(path)).status).toBe(200);
    await ask('/the-end');
    const requests = await eventually(
      () => Promise.resolve(lines.filter(({ message }) => message === 'request')),
      ({ length }) => length >= bots.length + 1,
    );
    for (const line of requests) expect(line).toMatchObject({ status: 404, request_id: expect.any(String) });
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(JSON.stringify(lines)).not.toContain('wp-login');
  });

  it('says that it lives while the database is away, and that it is not ready', async () => {
    const lines: Line[] = [];
    const ask = await aWorker({}, lines);
    const before = JSON.parse((await ask('/health/live')).text);
    expect(before).toMatchObject({ status: 'ok', migration: expect.stringMatching(/\d{13}$/) });
    await postgres.stop();
    const down = await eventually(
      () => ask('/health/ready'),
      ({ status }) => status === 503,
    );
    expect(down.type).toContain('application/problem+json');
    expect(JSON.parse(down.text)).toMatchObject({
      code: 'not_ready',
      parts: { database: { status: 'down', code: 'database_unavailable' } },
    });
    expect(JSON.parse((await ask('/health/live')).text)).toEqual(before);
    const { status, text } = await ask('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('retract_part_ready{part="database"} 0');
    // What fails again and again meanwhile has no stack.
    const warned = await eventually(
      () => Promise.resolve(lines.filter(({ level, error }) => level === 'warn' && error)),
      (told) => told.length >= 3,
    );
    expect(warned.filter(({ error }) => 'stack_trace' in error)).toEqual([]);
    await postgres.start();
    await eventually(
      () => ask('/health/ready'),
      ({ status }) => status === 200,
    );
    await eventually(
      () => ask('/metrics'),
      ({ text }) => /^retract_dispatchers 1$/m.test(text),
    );
  });
});
