import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { v7 as uuidv7 } from 'uuid';
import { steadyRate } from '../deployment.js';
import type { Backend, Stage } from '../stage.js';
import type { Upstream } from '../upstream.js';

/** How fast the hand-written worker is (see minimal-worker.ts) with so many jobs in its queue from the start. */
export async function minimalRate(
  stage: Stage,
  upstream: Upstream,
  { backend, count, concurrency }: { backend: Backend; count: number; concurrency: number },
): Promise<number> {
  const database = await stage.database();
  const queueUrl = await stage.queueUrl(backend, database);
  await database.rows(`CREATE TABLE minimal_deletions (id uuid PRIMARY KEY, errcode int, done_at timestamptz)`);
  const ids = Array.from({ length: count }, () => uuidv7());
  await database.rows(`INSERT INTO minimal_deletions (id) SELECT unnest($1::uuid[])`, [ids]);
  await addJobs(backend, queueUrl, ids);
  await database.rows('ANALYZE');
  stage.start('bench/src/baselines/minimal-worker.js', {
    DATABASE_URL: database.url,
    QUEUE_URL: queueUrl,
    WECHAT_API_URL: upstream.url,
    WORKER_CONCURRENCY: String(concurrency),
  });
  await stage.until(async () => {
    const left = await database.value<number>(`SELECT count(*)::int FROM minimal_deletions WHERE done_at IS NULL`);
    return left === 0;
  });
  return steadyRate(database, 'minimal_deletions', 'done_at');
}

async function addJobs(backend: Backend, url: string, ids: string[]): Promise<void> {
  const queue =
    backend === 'Redis'
      ? new (withBackend(createRedisBackend).Queue)('minimal', { connection: { url } })
      : new (withBackend(createPostgresBackend).Queue)('minimal', {
          connection: { connectionString: url, migrate: true, max: 4 },
        });
  const opts = { removeOnComplete: true, removeOnFail: true };
  await queue.waitUntilReady();
  for (let from = 0; from < ids.length; from += 1_000) {
    const some = ids.slice(from, from + 1_000);
    await queue.addBulk(some.map((id) => ({ name: 'delete', data: { id }, opts: { ...opts, jobId: id } })));
  }
  await queue.close();
}
