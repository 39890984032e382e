import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { endOfBuiltApp, startBuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { describeWith } from './support/programs.js';
import { startRestartableRedis, type RestartableRedis } from './support/restartable-redis.js';
import { PLATFORM, System } from './support/system.js';

const documentedRights = (): string[] => {
  const docs = readFileSync('docs/operations.md', 'utf8');
  return /ACL SETUSER retract on >… (.*)/.exec(docs)?.[1]?.split(' ') ?? [];
};

/** All that the queue is for, in a service whose queue is there. */
async function takesAnArticleBackOver(queueUrl: string): Promise<void> {
  const system = await System.start({ queueUrlFor: () => queueUrl });
  await system.registerPlatform();
  const merchant = await system.onboardMerchant();
  const msgId = await system.sendMassMessage(merchant);
  expect((await system.call('GET', '/health/ready')).status).toBe(200);
  const { body } = await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 1 });
  expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
  expect((await system.call('GET', `/v1/platforms/${PLATFORM.component_appid}`)).status).toBe(200);
  await system.close();
}

const MASTER_KEYS = `test:${Buffer.alloc(32, 1).toString('base64')}`;

describeWith('redis-server', 'a Redis of its own kind', () => {
  let redis: RestartableRedis | undefined;
  afterEach(async () => {
    await redis?.drop();
    redis = undefined;
  });

  it('works when it is a cluster of one node, with no more rights than docs/operations.md names', async () => {
    redis = await startRestartableRedis('--cluster-enabled', 'yes');
    const { url } = redis;
    const admin = new Redis(url);
    await admin.cluster('ADDSLOTSRANGE', 0, 16_383);
    await eventually(
      () => admin.cluster('INFO'),
      (info) => String(info).includes('cluster_state:ok'),
    );
    await admin.acl('SETUSER', 'retract', 'on', '>x', ...documentedRights());
    await admin.quit();

    await takesAnArticleBackOver(url.replace('//', '//retract:x@'));
  });

  it('works with a user, a password of any characters and a number of a database', async () => {
    redis = await startRestartableRedis();
    const password = 'p@ss:w/rd#?%';
    const admin = new Redis(redis.url);
    await admin.acl('SETUSER', 'retract', 'on', `>${password}`, ...documentedRights());
    await admin.acl('SETUSER', 'default', 'off');
    const url = redis.url.replace('//', `//retract:${encodeURIComponent(password)}@`);
    await takesAnArticleBackOver(`${url}/5`);
    const keyspace = await admin.info('keyspace');
    expect(keyspace).toContain('db5:keys=');
    expect(keyspace).not.toContain('db0:');
    await admin.quit();
  });

  describe('at the start of a worker', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createMigratedDatabase();
    });
    afterAll(() => database.drop());

    it('refuses a user who may run no script, at once and in one line', async () => {
      redis = await startRestartableRedis();
      const admin = new Redis(redis.url);
      await admin.acl('SETUSER', 'default', '-eval', '-evalsha');
      await admin.quit();
      const { lines, exitCode } = await endOfBuiltApp('worker', {
        DATABASE_URL: database.url,
        QUEUE_URL: redis.url,
        MASTER_KEYS,
      });
      expect(exitCode).toBe(1);
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        expect.objectContaining({
          level: 'fatal',
          message: 'the start has ended',
          reason: expect.stringMatching(/^The queue of QUEUE_URL refuses us.*NOPERM/),
        }),
      ]);
    });

    it('waits for a replica to become a primary', async () => {
      redis = await startRestartableRedis();
      const admin = new Redis(redis.url);
      await admin.replicaof('127.0.0.1', '1');
      const records: Record<string, unknown>[] = [];
      const environment = { DATABASE_URL: database.url, QUEUE_URL: redis.url, MASTER_KEYS };
      const starting = startBuiltApp('worker', environment, (line) => records.push(JSON.parse(line) as never));
      await eventually(
        () => Promise.resolve(records),
        (told) => told.some(({ setting, reason }) => setting === 'QUEUE_URL' && /^READONLY/.test(String(reason))),
      );
      await admin.replicaof('NO', 'ONE');
      await admin.quit();
      expect(await (await starting).end('SIGTERM')).toBe(0);
    });

    it('warns once, as JSON, of one that may throw jobs away', async () => {
      redis = await startRestartableRedis('--maxmemory-policy', 'allkeys-lru');
      const records: Record<string, unknown>[] = [];
      const environment = { DATABASE_URL: database.url, QUEUE_URL: redis.url, MASTER_KEYS };
      // A line that is no JSON fails here.
      const worker = await startBuiltApp('worker', environment, (line) => records.push(JSON.parse(line) as never));
      expect(await worker.end('SIGTERM')).toBe(0);
      expect(records.filter(({ level }) => level !== 'info')).toEqual([
        expect.objectContaining({ level: 'warn', setting: 'QUEUE_URL', maxmemory_policy: 'allkeys-lru' }),
      ]);
    });
  });
});
