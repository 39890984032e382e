// The figures of a full database for docs/benchmarks.md: fills one on a Postgres of its own, then measures every list and page beside
// small and empty databases, the steady rate beside empty ones, and reads the plans of all that the lists, sweeps, the dispatcher and
// metrics send. Tables come out as they are ready. Ctrl-C ends it at any moment, and takes everything with it that it made.
//
//   npm run measure-full -- --dir /data/full [--deletions 10000000] [--merchants 200000] [--open 5000] [--days 60]
//     [--only lists,plans,steady] [--times 15] [--quick] [--report full.md] [--keep]
//
// `--keep` leaves the database in the folder, where the next run finds it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ensureBuilt, ensureInstalled, root } from './lib.mjs';

const PARTS = { lists: measureLists, plans: readPlans, steady: measureSteady };
/** Of a deletion with all that it leaves behind, and with room to build indexes in. */
const BYTES_A_DELETION = 5_000;
const BYTES_LEFT = 5e9;
/** Nobody reads what a filling that was broken off has left. With these it takes half the time. */
const HASTE = {
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  maintenance_work_mem: '1GB',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  wal_level: 'minimal',
  work_mem: '256MB',
};

/**
 * As an operator sizes a server for so much (docs/operations.md): with what it comes with, it would measure the disk. Huge pages are the
 * machine's to give.
 */
const SIZED = {
  shared_buffers: `${Math.round(totalmem() / 4 / 2 ** 20)}MB`,
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
};

const { values: options } = parseArgs({
  options: {
    dir: { type: 'string' },
    deletions: { type: 'string', default: '10000000' },
    merchants: { type: 'string', default: '200000' },
    open: { type: 'string', default: '5000' },
    days: { type: 'string', default: '60' },
    only: { type: 'string', default: Object.keys(PARTS).join() },
    times: { type: 'string', default: '15' },
    report: { type: 'string' },
    keep: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const parts = options.only.split(',');
const strange = parts.filter((part) => !(part in PARTS));
if (!options.dir || strange.length > 0) {
  console.error(
    strange.length > 0 ? `There is no part ${strange.join()}.` : '--dir is missing: a folder for the database.',
  );
  process.exit(1);
}
const dir = resolve(options.dir);
const mark = join(dir, 'filled.json');
const sizes = ['deletions', 'merchants', 'open', 'days'].map((name) => `--${name}=${options[name]}`);

ensureInstalled();
ensureBuilt();
const { startEmbeddedPostgres } = await import('../dist/libs/embedded-postgres/src/index.js');
const { migrate } = await import('../dist/libs/database/src/index.js');

const stopping = new globalThis.AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stopping.abort());
let postgres;
try {
  if (!existsSync(mark)) await fill();
  postgres = await startPostgres();
  // It may have been kept by an older release.
  await migrate(postgres.url);
  tell(`${await describe(postgres.url)}\n`);
  for (const part of parts) {
    stopping.signal.throwIfAborted();
    tell(`### ${part}\n`);
    if (!(await PARTS[part](postgres.url))) process.exitCode = 1;
  }
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  console.error('stopped');
  process.exitCode = 130;
} finally {
  await postgres?.stop();
  if (!options.keep || !existsSync(mark)) rmSync(dir, { recursive: true, force: true });
}

async function fill() {
  if (existsSync(dir)) throw new Error(`${dir} is there already, and is no database of this script's.`);
  mkdirSync(dir, { recursive: true });
  // Root starts Postgres as another user, who has to pass through.
  chmodSync(dir, 0o711);
  const { bavail, bsize } = statfsSync(dir);
  const wanted = Number(options.deletions) * BYTES_A_DELETION + BYTES_LEFT;
  if (bavail * bsize < wanted) {
    throw new Error(`${dir} has room for ${gigabytes(bavail * bsize)}, and ${gigabytes(wanted)} are wanted.`);
  }
  const begun = performance.now();
  postgres = await startPostgres({ durable: false, settings: HASTE });
  await migrate(postgres.url);
  await run(['scripts/fill-database.mjs', ...sizes], { DATABASE_URL: postgres.url }, console.error);
  await postgres.stop();
  // It was not written to the disk as it came, and is not to be while others are measured.
  execFileSync('sync');
  const minutes = (performance.now() - begun) / 60_000;
  writeFileSync(mark, JSON.stringify({ minutes }));
}

function startPostgres({ settings, ...others } = {}) {
  return startEmbeddedPostgres({
    dir: join(dir, 'postgres'),
    database: 'full',
    settings: { max_connections: '300', ...SIZED, ...settings },
    ...others,
  });
}

/** What was measured, and on what. */
async function describe(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(`
    SELECT relname AS name, reltuples::float8 AS count, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_total_relation_size(oid) > 1e6 ORDER BY 3 DESC`);
  const { rows: told } = await client.query(`SELECT current_setting('server_version') AS version,
    current_setting('shared_buffers') AS buffers, current_setting('huge_pages_status') AS "hugePages",
    current_setting('shared_memory_size_in_huge_pages') AS wanted, pg_database_size(current_database())::float8 AS bytes`);
  await client.end();
  const [{ version, buffers, hugePages, wanted, bytes }] = told;
  if (hugePages !== 'on')
    console.error(`Postgres got no huge pages, which costs it much: sysctl -w vm.nr_hugepages=${wanted}`);
  const { minutes } = JSON.parse(readFileSync(mark, 'utf8'));
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB; ` +
      `Node ${process.versions.node}, PostgreSQL ${version}, shared_buffers ${buffers}, huge pages ${hugePages}. ` +
      `${gigabytes(bytes)}, filled in ${minutes.toFixed(0)} minutes.\n`,
    '| table | rows | with indexes |',
    '| --- | --- | --- |',
    ...rows.map(
      (of) => `| \`${of.name}\` | ${Math.max(0, of.count).toLocaleString('en-US')} | ${gigabytes(of.bytes)} |`,
    ),
  ].join('\n');
}

async function measureLists(url) {
  const words = [`--times=${options.times}`];
  return (await run(['scripts/measure-lists.mjs', ...words], { DATABASE_URL: url }, tell)) === 0;
}

async function measureSteady(url) {
  const words = ['--only', 'full', '--strict', '--filled', url, ...(options.quick ? ['--quick'] : [])];
  return (await run(['--enable-source-maps', 'dist/bench/src/main.js', ...words], {}, tell)) === 0;
}

async function readPlans(url) {
  const report = join(dir, 'plans.json');
  const env = { PLANS_DATABASE_URL: url, PLANS_REPORT: report, RETRACT_TESTS: 'int' };
  const words = ['node_modules/jest/bin/jest.js', '--runInBand', 'test/plans.int.spec.ts'];
  const status = await run(words, env, console.error);
  const read = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : [];
  tell('| what sends them | statements | most rows that one has read of a table that grows |');
  tell('| --- | --- | --- |');
  for (const test of new Set(read.map((one) => one.test))) {
    const of = read.filter((one) => one.test === test);
    const most = Math.max(...of.map((one) => one.read));
    tell(
      `| ${test.replace(/^in a database that is full of what is finished /, '')} | ${of.length} | ${most.toLocaleString('en-US')} |`,
    );
  }
  tell(
    status === 0
      ? '\nNothing that grows is read from end to end, walked through far, or sorted.\n'
      : '\nNot all are as they should be.\n',
  );
  return status === 0;
}

/** @returns the exit code, once it is gone, also where this script is stopped */
async function run(args, env, hear) {
  stopping.signal.throwIfAborted();
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for this script alone.
    detached: true,
  });
  const end = () => child.kill('SIGTERM');
  stopping.signal.addEventListener('abort', end);
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) hear(line);
  });
  const [code] = await once(child, 'close');
  stopping.signal.removeEventListener('abort', end);
  stopping.signal.throwIfAborted();
  return code;
}

function tell(line) {
  console.log(line);
  if (options.report) appendFileSync(options.report, `${line}\n`);
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;
}
