import { Deployment } from '../deployment.js';
import { short, type Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { Upstream } from '../upstream.js';

const LATENCY_MS = 10;
const MERCHANTS = 500;
const MOST_STATEMENTS = 3;

/** A worker's default concurrency. */
const CONCURRENCY = 20;

/**
 * What one deletion costs Postgres, from its lane to its end, as Postgres counts. The queue has a database of its own
 * here.
 */
export function statements(stage: Stage): Promise<Figure[]> {
  return run(stage, stage.size(1_000, 10_000));
}

async function run(stage: Stage, count: number): Promise<Figure[]> {
  const upstream = await Upstream.start(stage, LATENCY_MS);
  const deployment = await Deployment.open(stage, upstream, 'another PostgreSQL');
  const { database } = deployment;
  await database.rows('CREATE EXTENSION pg_stat_statements');
  const merchants = await deployment.addMerchants(MERCHANTS, { isWarm: true });
  await deployment.addDeletions(merchants, count / merchants.length);
  const before = await database.value<string>(`SELECT pg_current_wal_insert_lsn()::text`);
  await database.rows('SELECT pg_stat_statements_reset()');
  deployment.startWorker({ WORKER_CONCURRENCY: String(CONCURRENCY) });
  await deployment.untilFinished(count);
  const walBytes = await database.value<number>(`SELECT (pg_current_wal_insert_lsn() - $1::pg_lsn)::float8`, [before]);
  const calls = await database.rows<{ isOurs: boolean; count: number; walBytes: number }>(
    // The leader looks and the sweep sweeps whether there is work or not: they count too.
    `SELECT d.datname = current_database() AS "isOurs", (sum(calls) / $1)::float8 AS count, (sum(wal_bytes) / $1)::float8 AS "walBytes"
     FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
     WHERE (d.datname = current_database() OR d.datname = $2) AND query !~ 'bench|pg_stat_statements' GROUP BY 1`,
    [count, deployment.queueDatabase],
  );
  const of = (isOurs: boolean) => calls.find((one) => one.isOurs === isOurs) ?? { count: 0, walBytes: 0 };
  const [ours, queue] = [of(true), of(false)];
  return [
    {
      what: 'SQL statements per deletion',
      ours: short(ours.count),
      baseline: '–',
      target: `≤ ${MOST_STATEMENTS}`,
      verdict: ours.count <= MOST_STATEMENTS ? 'pass' : 'short',
      note: `beside the queue's own ${short(queue.count)}`,
    },
    {
      what: 'WAL per deletion',
      ours: `${short(ours.walBytes)} bytes`,
      baseline: '–',
      target: '–',
      verdict: 'told',
      note: `beside the queue's own ${short(queue.walBytes)}; ${short(walBytes / count)} in all, with page images and maintenance`,
    },
  ];
}
