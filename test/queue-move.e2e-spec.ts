import { readFileSync } from 'node:fs';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { CommandLine } from './support/command-line.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { describeWith } from './support/programs.js';
import { startRestartableRedis, type RestartableRedis } from './support/restartable-redis.js';
import { PLATFORM, System } from './support/system.js';

const runbook =
  readFileSync('docs/runbook-data.md', 'utf8')
    .split('\n## ')
    .find((one) => one.startsWith('Move the queue')) ?? '';

interface Target {
  merchant: string;
  msgId: string;
}

describeWith('redis-server', 'a queue that moves', () => {
  let redis: RestartableRedis;
  let system: System;
  let merchants: Target[];
  const apps = new Set<BuiltApp>();

  beforeAll(async () => {
    redis = await startRestartableRedis();
    system = await System.start({ withWorker: false });
    const worker = await start('worker', inPostgres());
    await system.registerPlatform();
    merchants = await system.grantedMerchants(90);
    await stop(worker);
  });
  afterAll(async () => {
    await Promise.all([...apps].map((app) => app.end('SIGKILL')));
    await system.close();
    await redis.drop();
  });

  const inPostgres = () => ({ WORKER_CONCURRENCY: '2' });
  const inRedis = () => ({ ...inPostgres(), QUEUE_URL: redis.url });
  async function start(app: 'api' | 'worker', settings: Record<string, string>): Promise<BuiltApp> {
    const started = await startBuiltApp(app, { ...system.environment, ...settings });
    apps.add(started);
    return started;
  }
  async function stop(app: BuiltApp): Promise<void> {
    expect(await app.end('SIGTERM')).toBe(0);
    apps.delete(app);
  }
  const slow = (latency: object | null) => system.control('PUT', 'latencies', { operation: 'mass/delete', latency });
  const itemsOf = (some: Target[]) =>
    some.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, whole_message: true }));
  const counts = async (id: string) => (await system.call('GET', `/v1/takedowns/${id}`)).body.counts;

  /** A takedown that has begun, and goes on slowly. */
  async function underWay(some: Target[]): Promise<string> {
    await slow({ distribution: 'fixed', ms: 1_000 });
    const { body } = await system.call('POST', '/v1/takedowns', { items: itemsOf(some) });
    await eventually(
      () => counts(body.id),
      ({ succeeded }) => succeeded > 0,
    );
    return body.id;
  }

  /** All that was asked for is done, and nothing twice. */
  async function expectOnce(id: string, some: Target[]): Promise<void> {
    await eventually(
      () => counts(id),
      ({ succeeded }) => succeeded === some.length,
    );
    for (const { merchant, msgId } of some) {
      const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
      expect(message).toMatchObject({ delete_calls: 1, delete_effects: 1 });
    }
  }

  it('from PostgreSQL to Redis carries on what waits, process by process', async () => {
    const old = await start('worker', inPostgres());
    const worker = await start('worker', inRedis());
    const [port, some, more] = [await freePort(), merchants.splice(0, 30), merchants.splice(0, 10)];
    await start('api', { ...inRedis(), PORT: String(port) });
    // The old worker was there first, so it dispatches.
    const id = await underWay(some);
    const answer = await fetch(`http://127.0.0.1:${port}/v1/takedowns`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ items: itemsOf(more) }),
    });
    const { id: another } = (await answer.json()) as { id: string };
    await stop(old);
    expect((await counts(id)).succeeded).toBeLessThan(some.length);
    await slow(null);
    await expectOnce(id, some);
    await expectOnce(another, more);

    // The api of before still has the old queue: its job lies there, and the sweep adds it to the new one.
    const { appid } = await system.control('POST', 'merchants', {});
    const consented = { component_appid: PLATFORM.component_appid, authorizer_appid: appid };
    await system.control('POST', 'consents', consented);
    await eventually(
      () => system.call('GET', `/v1/merchants/${appid}`),
      ({ status, body }) => status === 200 && body.state === 'authorized',
    );
    await stop(worker);
  });

  it('and back, also when the old queue was thrown away meanwhile', async () => {
    const drop = /psql .*--command='(.*)'/.exec(runbook)?.[1] ?? '';
    const old = await start('worker', inRedis());
    await system.sql(drop);
    const worker = await start('worker', inPostgres());
    const some = merchants.splice(0, 30);
    const id = await underWay(some);
    await stop(old);
    expect((await counts(id)).succeeded).toBeLessThan(some.length);
    await slow(null);
    await expectOnce(id, some);
    // What is left in Redis is thrown away as well, and nobody misses it.
    const unlink = /`(redis-cli .*)`/.exec(runbook)?.[1]?.replaceAll('redis-cli', `redis-cli -u ${redis.url}`);
    expect(await new CommandLine().run(unlink ?? 'false')).toMatchObject({ code: 0 });
    const last = merchants.splice(0, 10);
    const { body } = await system.call('POST', '/v1/takedowns', { items: itemsOf(last) });
    await expectOnce(body.id, last);
    await stop(worker);
  });
});
