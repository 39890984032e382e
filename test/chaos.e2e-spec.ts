import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './support/eventually.js';
import { Fleet } from './support/fleet.js';
import { loseQueue } from './support/lose-queue.js';
import { queueBackends } from './support/queue-backends.js';
import { startRestartablePostgres, type RestartablePostgres } from './support/restartable-postgres.js';
import { hasRedisServer, startRestartableRedis, type RestartableRedis } from './support/restartable-redis.js';
import { System } from './support/system.js';

/** How many deletions the bad day has; twenty to a merchant. */
const DELETIONS = Number(process.env.RETRACT_CHAOS_DELETIONS ?? 800);
const PER_MERCHANT = 20;
const WORKERS = 2;
/** What a worker that was killed had in hand is taken up again only after a minute, and there is one kill after another. */
const DEADLINE_MS = 150_000 + DELETIONS * 20;

interface Target {
  merchant: string;
  msgId: string;
}

const backends = queueBackends.map(([name]) => name).filter((name) => name !== 'Redis' || hasRedisServer);

describe.each(backends)('on a bad day, with the queue on %s', (backend) => {
  let postgres: RestartablePostgres;
  let redis: RestartableRedis | undefined;
  let system: System;
  let fleet: Fleet;

  beforeAll(async () => {
    postgres = await startRestartablePostgres();
    if (backend === 'Redis') redis = await startRestartableRedis();
    system = await System.start({
      database: postgres,
      queueUrlFor: (databaseUrl) => redis?.url ?? databaseUrl,
      withWorker: false,
      env: {
        // Slow enough that the day is not over before it has begun.
        DEFAULT_RATE_PER_MINUTE: '60',
        DEFAULT_DAILY_QUOTA: '1000',
      },
      simulator: { callLogSize: 20 * DELETIONS, settings: { daily_limits: { 'mass/delete': 1_000 } } },
    });
    fleet = await Fleet.start(WORKERS, system.environment);
    await system.registerPlatform();
    await system.control('PUT', 'latencies', {
      operation: '*',
      latency: { distribution: 'lognormal', median_ms: 80 },
    });
  });
  afterAll(async () => {
    await fleet.kill();
    await system.close();
    await redis?.drop();
  });

  async function targets(count: number): Promise<Target[]> {
    const merchants = await system.grantedMerchants(Math.ceil(count / PER_MERCHANT), PER_MERCHANT);
    return merchants.flatMap(({ merchant, msgId }) =>
      Array.from({ length: PER_MERCHANT }, (_one, i) => ({ merchant, msgId: String(BigInt(msgId) + BigInt(i)) })),
    );
  }

  /** As a provider's backend would: asks again, with the same key, until there is an answer. */
  async function accept({ merchant, msgId }: Target): Promise<string> {
    const key = { 'idempotency-key': `${merchant}-${msgId}` };
    const { body } = await eventually(
      () => system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, whole_message: true }, key),
      ({ status }) => status === 202,
    );
    return body.id;
  }

  /** Eight clients at a time. @returns the deletions' ids */
  async function acceptAll(all: Target[]): Promise<string[]> {
    const left = all[Symbol.iterator]();
    const client = async () => {
      const ids: string[] = [];
      for (const target of left) ids.push(await accept(target));
      return ids;
    };
    return (await Promise.all(Array.from({ length: 8 }, client))).flat();
  }

  const states = (ids: string[]) =>
    system.sql<{ state: string; count: number }>(
      `SELECT state, count(*)::int FROM deletions WHERE id = ANY($1) GROUP BY state`,
      [ids],
    );
  const allSucceeded = (ids: string[]) =>
    eventually(
      () => states(ids),
      (found) => found.length === 1 && found[0]?.state === 'succeeded' && found[0].count === ids.length,
      DEADLINE_MS,
    );
  const messageOf = ({ merchant, msgId }: Target) =>
    system.simulator.simulation.world.merchants.get(merchant)?.messages.get(BigInt(msgId));
  const deletedOf = (all: Target[]) => all.filter((target) => messageOf(target)?.deleteEffects !== 0).length;
  const isUnder = (all: Target[], share: number) => deletedOf(all) < share * all.length;

  /**
   * Deleted at WeChat, and by one call. Not even a call that was under way when its worker died is made again: the
   * simulator carries out what reaches it, so `mass/get` says DELETE.
   */
  function expectOnce(all: Target[]): void {
    const made = all
      .map((target) => messageOf(target))
      .map((message) => [message?.deleteCalls, message?.deleteEffects]);
    expect(made).toEqual(all.map(() => [1, 1]));
    expect(Object.keys(system.simulator.simulation.callLog.counts()['mass/delete'] ?? {})).toEqual(['0']);
    expect(deletesAfterProof(system)).toEqual([]);
  }

  /** `kill -9` every few seconds, for as long as told. */
  async function killWorkersWhile(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      await delay(1_500 + Math.random() * 2_500);
      await fleet.replaceOne();
    }
  }

  it(
    'no deletion is lost and none is made twice, whatever is killed',
    async () => {
      const all = await targets(DELETIONS);
      const accepting = acceptAll(all);
      await killWorkersWhile(() => isUnder(all, 0.3));
      await restart(postgres);
      await killWorkersWhile(() => isUnder(all, 0.6));
      if (redis) await restart(redis);
      await killWorkersWhile(() => isUnder(all, 0.9));
      const ids = await accepting;
      await allSucceeded(ids);

      expect(new Set(ids).size).toBe(all.length);
      expectOnce(all);
    },
    DEADLINE_MS + 60_000,
  );

  it(
    'no deletion is lost and none is made twice when the queue is lost',
    async () => {
      const all = await targets(Math.min(DELETIONS, 400));
      const ids = await acceptAll(all);
      await eventually(
        () => Promise.resolve(deletedOf(all)),
        (deleted) => deleted > all.length / 4,
      );
      await loseQueue(system);
      expect(isUnder(all, 1)).toBe(true);
      // The PostgreSQL backend makes its tables when it starts.
      if (backend === 'PostgreSQL') await fleet.replaceAll();
      await allSucceeded(ids);
      expectOnce(all);
    },
    DEADLINE_MS,
  );
});

async function restart(server: { stop(): Promise<void>; start(): Promise<void> }): Promise<void> {
  await server.stop();
  await delay(1_000);
  await server.start();
}

/** Messages for which a delete call was made although `mass/get` had said that they are deleted. */
function deletesAfterProof({ simulator }: System): string[] {
  const proven = new Set<string>();
  const repeated: string[] = [];
  for (const { operation, authorizerAppid, requestBody, responseBody } of simulator.simulation.callLog.find()) {
    const message = `${authorizerAppid}/${fieldOf(requestBody, 'msg_id')}`;
    if (operation === 'mass/get' && fieldOf(responseBody, 'msg_status') === 'DELETE') proven.add(message);
    if (operation === 'mass/delete' && proven.has(message)) repeated.push(message);
  }
  return repeated;
}

const fieldOf = (body: unknown, name: string): string =>
  typeof body === 'object' && body !== null && name in body ? String((body as Record<string, unknown>)[name]) : '';
