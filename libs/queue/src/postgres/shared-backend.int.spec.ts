import type { EventEmitter } from 'node:events';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { withBackend, type PostgresConnection } from 'bullmq';
import { createEmptyDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { eventually } from '../../../../test/support/eventually.js';
import { createSharedBackend } from './shared-backend.js';
import { connectToPostgres } from './shared-connection.js';

const bullmq = withBackend(createSharedBackend);
const JOBS = 40;

let database: TestDatabase;
let spy: InstanceType<typeof pg.Client>;
let connection: PostgresConnection;
let closing: (() => Promise<void>)[];

beforeAll(async () => {
  database = await createEmptyDatabase();
  spy = new pg.Client({ connectionString: database.url });
  await spy.connect();
});
afterAll(async () => {
  await spy.end();
  await database.drop();
});

const warnings: unknown[][] = [];
const silent = () => undefined;
const connect = (runsJobs = true) =>
  connectToPostgres({ url: database.url, schema: 'bullmq', poolSize: 6, answerWithinMs: 5_000, runsJobs });

beforeEach(() => {
  Logger.overrideLogger({ log: silent, error: silent, warn: (...args: unknown[]) => void warnings.push(args) });
  warnings.splice(0);
  connection = connect();
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await connection.close();
});

/** As many jobs as one worker runs at a time, all of them under way until they are let go. */
async function underWay(name: string): Promise<{ letGo: () => void; errors: Error[] }> {
  const queue = new bullmq.Queue(name, { connection });
  let letGo = () => undefined as void;
  const opened = new Promise<void>((resolve) => (letGo = resolve));
  let begun = 0;
  const run = async () => {
    begun++;
    await opened;
  };
  const worker = new bullmq.Worker(name, run, { connection, concurrency: JOBS, lockDuration: 60_000 });
  const errors: Error[] = [];
  worker.on('error', (error) => errors.push(error));
  closing.push(
    () => queue.close(),
    () => worker.close(true),
  );
  await queue.addBulk(Array.from({ length: JOBS }, (_none, index) => aJob(`job-${index}`)));
  await eventually(
    () => Promise.resolve(begun),
    (count) => count === JOBS,
  );
  return { letGo, errors };
}

/** Over a connection of its own: those of the pool are counted. */
const states = async (name: string) => {
  const { rows } = await spy.query<{ state: string; count: number }>(
    `SELECT state::text, count(*)::int FROM bullmq.job WHERE queue = $1 GROUP BY 1 ORDER BY 1`,
    [name],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
};

describe('jobs that end at the same time', () => {
  it('end although one of them was taken for stalled, which does not', async () => {
    const { letGo, errors } = await underWay('one-is-lost');
    await connection.pool.query(`UPDATE job SET lock_token = 'another worker' WHERE queue = $1 AND id = $2`, [
      'one-is-lost',
      'job-7',
    ]);
    letGo();
    await eventually(
      () => states('one-is-lost'),
      ({ completed }) => completed === JOBS - 1,
    );
    await eventually(
      () => Promise.resolve(errors),
      ({ length }) => length > 0,
    );
    expect(await states('one-is-lost')).toEqual({ active: 1, completed: JOBS - 1 });
    for (const { message } of errors) expect(message).toMatch(/\bjob-7\b/);
  });

  it('do not wait for each other and for what has locked one of them, which ends by itself', async () => {
    const { letGo } = await underWay('one-is-locked');
    await spy.query('BEGIN');
    await spy.query(`SELECT 1 FROM bullmq.job WHERE queue = $1 AND id = $2 FOR UPDATE`, ['one-is-locked', 'job-7']);
    letGo();
    await eventually(
      () => states('one-is-locked'),
      ({ completed }) => completed === JOBS - 1,
    );
    // As BullMQ's look for stalled jobs does, which had locked one and wants the others.
    await spy.query(`UPDATE bullmq.job SET stalled_marked = true WHERE queue = $1`, ['one-is-locked']);
    await spy.query('COMMIT');
    await eventually(
      () => states('one-is-locked'),
      ({ completed }) => completed === JOBS,
    );
  });

  it('share statements, in which each takes a job that waits', async () => {
    const name = 'more-wait';
    const { letGo } = await underWay(name);
    const queue = new bullmq.Queue(name, { connection });
    closing.push(() => queue.close());
    await queue.addBulk(Array.from({ length: 3 * JOBS }, (_none, index) => aJob(`more-${index}`)));
    let statements = 0;
    // pg-pool's own event, which BullMQ's type of a pool does not know.
    (connection.pool as unknown as EventEmitter).on('acquire', () => statements++);
    letGo();
    await eventually(
      () => states(name),
      ({ completed }) => completed === 4 * JOBS,
    );
    const { rows } = await connection.pool.query(`SELECT 1 FROM job WHERE queue = $1 AND attempts_started <> 1`, [
      name,
    ]);
    expect(rows).toEqual([]);
    // Each of the last asks by itself when there will be more.
    expect(statements).toBeLessThan(2 * JOBS);
    expect(warnings).toEqual([]);
  });

  it('end one by one, with one warning, where the function that ends them is not the one that is known', async () => {
    await connection.waitUntilReady();
    // As a later BullMQ might change it: what the one before calls still works.
    await spy.query(`ALTER FUNCTION bullmq.move_to_completed_fetch RENAME TO known`);
    await spy.query(
      `CREATE FUNCTION bullmq.move_to_completed_fetch(
         p_queue text, p_id text, p_token text, p_return_value jsonb, p_finished_on bigint, p_remove_all boolean,
         p_keep_age bigint, p_keep_count integer, p_lock_ms bigint, p_now bigint, p_name text, p_limiter_max integer,
         p_limiter_duration bigint, p_more text DEFAULT NULL
       ) RETURNS SETOF bullmq.job LANGUAGE sql
       AS 'SELECT * FROM bullmq.known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)'`,
    );
    try {
      await connection.close();
      connection = connect();
      const { letGo } = await underWay('of-another-kind');
      let statements = 0;
      (connection.pool as unknown as EventEmitter).on('acquire', () => statements++);
      letGo();
      await eventually(
        () => states('of-another-kind'),
        ({ completed }) => completed === JOBS,
      );
      expect(statements).toBeGreaterThanOrEqual(JOBS);
      expect(warnings).toEqual([
        [
          expect.stringMatching(/^jobs end one by one/),
          expect.objectContaining({ found: expect.stringContaining('p_more text DEFAULT NULL') }),
          'EndingTogether',
        ],
      ]);
      // What only adds jobs ends none, and need not tell.
      const adding = connect(false);
      await adding.waitUntilReady();
      await adding.close();
      expect(warnings).toHaveLength(1);
    } finally {
      await spy.query(`DROP FUNCTION bullmq.move_to_completed_fetch`);
      await spy.query(`ALTER FUNCTION bullmq.known RENAME TO move_to_completed_fetch`);
    }
  });
});

const aJob = (jobId: string) => ({ name: 'job', data: {}, opts: { jobId } });

describe('a burst after a quiet time', () => {
  it('is claimed by the index, whatever autovacuum has noted at the end of the burst before', async () => {
    const queue = new bullmq.Queue('burst', { connection });
    closing.push(() => queue.close());
    const jobs = (burst: number) => Array.from({ length: 5_000 }, (_none, index) => aJob(`${burst}-${index}`));
    const claim = async () => {
      const { rows } = await connection.pool.query<{ 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number } }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
         SELECT * FROM bullmq.move_to_active('burst', 'token', 30000, $1, 'worker', NULL, NULL)`,
        [Date.now()],
      );
      return rows[0]?.['QUERY PLAN'][0].Plan['Shared Hit Blocks'];
    };
    for (let burst = 0; burst < 6; burst++) await queue.addBulk(jobs(burst));
    // As autovacuum leaves it, whose statistics are of the burst, where somebody waits for the table: empty, with its pages.
    await spy.query('ANALYZE bullmq.job');
    await spy.query('DELETE FROM bullmq.job');
    await spy.query('VACUUM (TRUNCATE false) bullmq.job');
    await queue.addBulk(jobs(6));
    // The first makes the connection load what it needs for a claim.
    await claim();

    expect(await claim()).toBeLessThan(100);
  });
});
