import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { v7 as uuidv7 } from 'uuid';
import { steadyRate } from '../deployment.js';
import type { Backend, Stage } from '../stage.js';
import type { Upstream } from '../upstream.js';

/** So many jobs are added whenever fewer than that wait: enough that the worker always finds one. */
const AT_A_TIME = 1_000;

/**
 * How fast the hand-written worker is (see minimal-worker.ts) while its queue is kept full, as somebody has to: what
 * adding costs the machine is a part of what it measures, as it is of ours.
 */
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
  await database.rows('ANALYZE');
  const queue = openQueue(backend, queueUrl);
  try {
    await queue.waitUntilReady();
    stage.start('bench/src/baselines/minimal-worker.js', {
      DATABASE_URL: database.url,
      QUEUE_URL: queueUrl,
      WECHAT_API_URL: upstream.url,
      WORKER_CONCURRENCY: String(concurrency),
    });
    for (let from = 0; from < count; from += AT_A_TIME) {
      await stage.until(async () => (await queue.getWaitingCount()) < AT_A_TIME, 50);
      const jobs = ids.slice(from, from + AT_A_TIME).map((id) => ({ name: 'delete', data: { id }, opts: optsOf(id) }));
      await queue.addBulk(jobs);
    }
    await stage.until(async () => {
      const left = await database.value<number>(`SELECT count(*)::int FROM minimal_deletions WHERE done_at IS NULL`);
      return left === 0;
    });
  } finally {
    await queue.close();
  }
  return steadyRate(database, 'minimal_deletions', 'done_at');
}

const optsOf = (jobId: string) => ({ jobId, removeOnComplete: true, removeOnFail: true });

function openQueue(backend: Backend, url: string) {
  if (backend === 'Redis') return new (withBackend(createRedisBackend).Queue)('minimal', { connection: { url } });
  const connection = { connectionString: url, migrate: true, max: 4 };
  return new (withBackend(createPostgresBackend).Queue)('minimal', { connection });
}
