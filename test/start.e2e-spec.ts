import { startBuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { hasRedisServer, startRestartableRedis } from './support/restartable-redis.js';
import { startRestartablePostgres } from './support/restartable-postgres.js';

const settings = async () => ({
  MASTER_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
  BOOTSTRAP_API_KEY: `rk_${'a'.repeat(40)}`,
  PORT: String(await freePort()),
});

describe('a process that starts while its servers are away', () => {
  /** What it says while it waits, until it is there. */
  async function startsOnce(app: 'api' | 'worker', environment: Record<string, string>, comeBack: () => Promise<void>) {
    const told: Record<string, unknown>[] = [];
    const starting = startBuiltApp(app, { ...(await settings()), ...environment }, (line) => {
      const record = JSON.parse(line) as Record<string, unknown>;
      if (record.level === 'warn') told.push(record);
    });
    await eventually(
      () => Promise.resolve(told),
      (records) => records.some(({ setting }) => setting !== undefined),
    );
    await comeBack();
    const running = await starting;
    expect(await running.end('SIGTERM')).toBe(0);
    return told;
  }

  it.each(['api', 'worker'] as const)(
    'the %s says which setting it waits for, and runs once the database is there',
    async (app) => {
      const postgres = await startRestartablePostgres();
      await postgres.stop();
      const told = await startsOnce(app, { DATABASE_URL: postgres.url }, () => postgres.start());
      expect(told).toMatchObject([{ setting: 'DATABASE_URL', reason: expect.stringMatching(/terminated|ECONN/) }]);
      await postgres.drop();
    },
  );

  it.each(hasRedisServer ? ['Redis'] : [])('the worker waits for its queue in %s as well', async () => {
    const postgres = await startRestartablePostgres();
    const redis = await startRestartableRedis();
    await redis.stop();
    const environment = { DATABASE_URL: postgres.url, QUEUE_URL: redis.url };
    const told = await startsOnce('worker', environment, () => redis.start());
    expect(told).toContainEqual(expect.objectContaining({ setting: 'QUEUE_URL' }));
    await redis.drop();
    await postgres.drop();
  });
});
