// What one would write by hand: a BullMQ worker that makes the call and one UPDATE. No quota, no record of calls, no
// lease, one token for all. Same backend, same concurrency, same kept connections, a prepared statement.
import pg from 'pg';
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { Pool } from 'undici';

const { DATABASE_URL = '', QUEUE_URL = '', WECHAT_API_URL = '', WORKER_CONCURRENCY } = process.env;
const concurrency = Number(WORKER_CONCURRENCY);

const database = new pg.Pool({ connectionString: DATABASE_URL, max: concurrency + 5 });
const wechat = new Pool(WECHAT_API_URL, { connections: 64 });

async function run({ data }: { data: { id: string } }): Promise<void> {
  const { body } = await wechat.request({
    method: 'POST',
    path: '/cgi-bin/message/mass/delete?access_token=access-token',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ msg_id: 3147483661, article_idx: 1 }),
  });
  // The upstream is ours: it answers with this and nothing else.
  const { errcode } = (await body.json()) as { errcode: number };
  await database.query({
    name: 'done',
    text: `UPDATE minimal_deletions SET errcode = $2, done_at = now() WHERE id = $1`,
    values: [data.id, errcode],
  });
}

if (QUEUE_URL.startsWith('redis')) {
  const { Worker } = withBackend(createRedisBackend);
  new Worker('minimal', run, { concurrency, connection: { url: QUEUE_URL, maxRetriesPerRequest: null } });
} else {
  const { Worker } = withBackend(createPostgresBackend);
  new Worker('minimal', run, { concurrency, connection: { connectionString: QUEUE_URL, max: 4 } });
}
