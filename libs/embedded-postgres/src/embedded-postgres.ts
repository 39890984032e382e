import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { findBinaries } from './binaries.js';
import { ClusterFolder } from './cluster.js';
import { isAlive } from './system.js';
import { launch, readPidFile } from './postmaster.js';
import { chooseRunner } from './runner.js';
import { withStartLock } from './start-lock.js';

export interface EmbeddedPostgresOptions {
  /** Folder that holds the cluster, its log and its password. */
  dir: string;
  /** Created when it does not exist. */
  database: string;
  /** False trades crash safety for speed: for throwaway test clusters. Default true. */
  durable?: boolean;
  /** Further settings of the server, as in postgresql.conf. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** `postgres://…`, with the password. */
  url: string;
  port: number;
  /** True when another process of ours had already started it: `stop` then leaves it running. */
  adopted: boolean;
  /** Ends Postgres and waits until it is gone. Idempotent. */
  stop(): Promise<void>;
}

/**
 * A real Postgres without Docker: the first start makes a cluster in the folder, later ones find its data, and a start
 * while another process of ours has it running joins that one. It ends with the process that started it, however that
 * process ends. Works for root too, as another user or in a user namespace.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = new ClusterFolder(resolve(options.dir));
  mkdirSync(folder.path, { recursive: true });
  return withStartLock(
    folder.lockFile,
    async () => (await adopt(folder, options.database)) ?? (await start(folder, options)),
  );
}

async function adopt(folder: ClusterFolder, database: string): Promise<EmbeddedPostgres | undefined> {
  const running = readPidFile(folder.cluster);
  if (!running || !isAlive(running.pid)) return undefined;
  const { port } = running;
  try {
    await createDatabase(folder.urlFor(port, 'postgres'), database);
  } catch {
    // A pid file can outlive its Postgres and name a process of somebody else.
    return undefined;
  }
  return { url: folder.urlFor(port, database), port, adopted: true, stop: () => Promise.resolve() };
}

async function start(folder: ClusterFolder, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { database, durable = true } = options;
  const { initdb, postgres } = findBinaries();
  const runner = chooseRunner(postgres, folder.path, folder.cluster);
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', SystemRoot: process.env.SystemRoot };
  if (!folder.hasCluster()) folder.initialize(initdb, runner, env, { durable });
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...options.settings,
  };
  const { cluster, logFile } = folder;
  const { port, stop } = await launch({ program: postgres, runner, cluster, logFile, settings, env });
  await createDatabase(folder.urlFor(port, 'postgres'), database);
  return { url: folder.urlFor(port, database), port, adopted: false, stop };
}

async function createDatabase(url: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  // Its end is told to whoever waits for an answer; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}
