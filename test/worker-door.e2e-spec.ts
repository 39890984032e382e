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
}, 60_000);
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')));
});
afterAll(() => system.close());

/** A worker process. @returns what asks at its door */
async function aWorker(settings: Record<string, string>) {
  const port = await freePort();
  const environment = { ...system.environment, WORKER_PORT: String(port), ...settings };
  workers.push(await startBuiltApp('worker', environment));
  return async (path: string, key?: string) => {
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
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
}, 240_000);

it('a worker whose port is taken does not start, and says which setting that is', async () => {
  const port = new URL(system.url).port;
  const { lines, exitCode } = await endOfBuiltApp('worker', { ...system.environment, WORKER_PORT: port });
  expect(exitCode).toBe(1);
  const last = JSON.parse(lines.at(-1) ?? '{}');
  expect(JSON.stringify(last)).toContain('WORKER_PORT');
  expect(lines.join('\n')).not.toMatch(/^\s+at /m);
}, 60_000);

describe('at its door, a worker', () => {
  it('tells metrics to this machine without a key', async () => {
    const ask = await aWorker({});
    const { status, type, text } = await ask('/metrics');
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(text).toMatch(/^retract_dispatching [01]$/m);
    expect(await ask('/anything')).toMatchObject({ status: 404 });
  }, 60_000);

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
  }, 120_000);

  it('says that it lives while the database is away, and that it is not ready', async () => {
    const ask = await aWorker({});
    const before = JSON.parse((await ask('/health/live')).text);
    expect(before).toMatchObject({ status: 'ok', migration: expect.stringMatching(/\d{13}$/) });
    await postgres.stop();
    const down = await eventually(
      () => ask('/health/ready'),
      ({ status }) => status === 503,
      60_000,
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
    await postgres.start();
    await eventually(
      () => ask('/health/ready'),
      ({ status }) => status === 200,
      60_000,
    );
    await eventually(
      () => ask('/metrics'),
      ({ text }) => /^retract_dispatchers 1$/m.test(text),
      60_000,
    );
  }, 180_000);
});
