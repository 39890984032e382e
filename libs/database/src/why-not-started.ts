import pg from 'pg';
import { DataSource } from 'typeorm';
import type { MasterKey } from '@app/vault';
import { grantToService } from './app-role.js';
import { dataSourceOptions, IN_PUBLIC, migrate } from './data-source.js';
import { MasterKeysRefused } from './sealing/master-key-rule.js';
import { checkMasterKeys } from './sealing/master-keys.js';
import { databaseShortage, type DatabaseShortage } from './shortage.js';

const WHAT: Record<DatabaseShortage, string> = {
  database_unavailable: 'The database of DATABASE_URL does not answer or refuses',
  database_busy: 'The database of DATABASE_URL gives no connection: all are in use',
  database_full: 'The disk of the database is full',
  database_read_only: 'The database of DATABASE_URL takes no writes: a standby, or made read-only',
  database_out_of_memory: 'The database is short of memory',
};

/** A start that the database stopped, in a line for whoever can mend it; undefined when it was something else. */
export function whyNotStarted(error: unknown): string | undefined {
  if (error instanceof PoolerBetween || error instanceof MasterKeysRefused) return error.message;
  // The queue's own errors have causes of the same kind.
  if (error instanceof Error && 'code' in error && error.code === 'queue_unavailable') return undefined;
  const shortage = databaseShortage(error);
  if (!shortage || !(error instanceof Error)) return undefined;
  // PgBouncer's own words, which have no code of their own.
  if (error.message.includes('unsupported startup parameter')) {
    return (
      `DATABASE_URL leads to a PgBouncer that refuses our timeouts (${error.message}). Connect to Postgres ` +
      `itself: see docs/operations.md.`
    );
  }
  return `${WHAT[shortage]} (${error.message || error.name}). Start again when that is mended.`;
}

/** Whether a start that ended so may succeed a little later: servers of one machine start at the same time. */
export function isDatabaseAway(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // The file of a socket, which is there while Postgres is.
  if (code === 'ENOENT') return true;
  const shortage = databaseShortage(error);
  if (shortage !== 'database_unavailable' && shortage !== 'database_busy') return false;
  // A wrong password, a database that does not exist and a pooler that refuses us stay so until somebody mends them.
  return !/^(28|3D|08P01)/.test(code);
}

/**
 * Brings the schema to this version, and refuses keys that do not open what is sealed.
 * @param ownerUrl the same database as a role that owns the tables; without it, the service's own does
 * @throws PoolerBetween, MasterKeysRefused, and what pg says
 */
export async function prepareDatabase(
  url: string,
  masterKeys: readonly MasterKey[],
  { ownerUrl = url, holdsQueue = true }: { ownerUrl?: string | undefined; holdsQueue?: boolean } = {},
): Promise<void> {
  await refusePooler(url);
  if (ownerUrl !== url) await refusePooler(ownerUrl);
  await migrate(ownerUrl, ownerUrl === url ? {} : IN_PUBLIC);
  if (ownerUrl !== url) await grantToService(url, ownerUrl, holdsQueue);
  await refuseKeys(url, masterKeys);
}

/** @throws MasterKeysRefused, and what pg says */
export async function refuseKeys(url: string, masterKeys: readonly MasterKey[]): Promise<void> {
  const options = { url, entities: [], applicationName: 'retract-keys', poolSize: 1 };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  await checkMasterKeys(dataSource, masterKeys).finally(() => dataSource.destroy());
}

/** Something between us and Postgres keeps to itself what a connection begins with. */
export class PoolerBetween extends Error {
  readonly code = 'pooler_between';
  override readonly name = 'PoolerBetween';

  constructor() {
    super(
      'DATABASE_URL leads to a pooler, such as PgBouncer, that drops what a connection begins with (ignore_startup_parameters): ' +
        'locks, notices and timeouts would not hold. Connect to Postgres itself: an api and a worker have ' +
        'pools of their own.',
    );
  }
}

/** No default of anybody, so that Postgres has it from us. */
const ASKED_MS = 59_123;

/** Whether Postgres hears what a connection of ours begins with. @throws PoolerBetween, and what pg says */
async function refusePooler(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    idle_in_transaction_session_timeout: ASKED_MS,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  // A connection that breaks later is told by the query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ ms: string }>(
      `SELECT setting AS ms FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'`,
    );
    if (Number(rows[0]?.ms) !== ASKED_MS) throw new PoolerBetween();
  } finally {
    await client.end();
  }
}
