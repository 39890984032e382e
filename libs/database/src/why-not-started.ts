import { DataSource } from 'typeorm';
import { firstContact } from '@app/postgres';
import { Unfit } from '@app/settings';
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
  if (error instanceof Unfit || error instanceof MasterKeysRefused) return error.message;
  // The queue's own errors have causes of the same kind.
  if (error instanceof Error && 'code' in error && error.code === 'queue_unavailable') return undefined;
  const shortage = databaseShortage(error);
  if (!shortage || !(error instanceof Error)) return undefined;
  return `${WHAT[shortage]} (${error.message || error.name}). Start again when that is mended.`;
}

/** Whether a start that ended so may succeed a little later: servers of one machine start at the same time. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Unfit) return false;
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
 * @throws Unfit, MasterKeysRefused, and what pg says
 */
export async function prepareDatabase(
  url: string,
  masterKeys: readonly MasterKey[],
  { ownerUrl = url, holdsQueue = true }: { ownerUrl?: string | undefined; holdsQueue?: boolean } = {},
): Promise<void> {
  await firstContact('DATABASE_URL', url);
  if (ownerUrl !== url) await firstContact('MIGRATION_DATABASE_URL', ownerUrl);
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
