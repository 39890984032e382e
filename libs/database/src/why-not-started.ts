import { firstContact } from '@app/postgres';
import { Unfit, Unreachable } from '@app/settings';
import type { MasterKey } from '@app/vault';
import { grantToService } from './app-role.js';
import { IN_PUBLIC, migrate, withDataSource } from './data-source.js';
import { MasterKeysRefused } from './sealing/master-key-rule.js';
import { checkMasterKeys } from './sealing/master-keys.js';
import { databaseShortage, type DatabaseShortage } from './shortage.js';

const WHAT: Record<DatabaseShortage, (database: string) => string> = {
  database_unavailable: (database) => `${database} does not answer or refuses`,
  database_busy: (database) => `${database} gives no connection: all are in use`,
  database_full: () => 'The disk of the database is full',
  database_read_only: (database) => `${database} takes no writes: a standby, or made read-only`,
  database_out_of_memory: () => 'The database is short of memory',
};

/** What pg said of one of two addresses. It does not tell which. */
class SaidOf extends Error {
  override readonly name = 'SaidOf';

  constructor(
    readonly setting: string,
    said: unknown,
  ) {
    super(said instanceof Error ? said.message || said.name : String(said), { cause: said });
  }
}

/** A start that the database stopped, in a line for whoever can mend it; undefined when it was something else. */
export function whyNotStarted(error: unknown): string | undefined {
  if (error instanceof Unfit || error instanceof MasterKeysRefused) return error.message;
  // The queue's own errors have causes of the same kind.
  if (error instanceof Error && 'code' in error && error.code === 'queue_unavailable') return undefined;
  if (!(error instanceof Error)) return undefined;
  const said = error.message || error.name;
  const setting = error instanceof SaidOf ? error.setting : 'DATABASE_URL';
  // A role that serves, before the one that owns the tables has migrated; or one that does not own them.
  if (lacksRight(error))
    return `The role of ${setting} lacks a right (${said}): see docs/operations.md, Two roles in Postgres.`;
  const shortage = databaseShortage(error);
  if (!shortage) return undefined;
  const what = WHAT[shortage](`The database of ${setting}`);
  return `${what} (${said}). Start again when that is mended.`;
}

function lacksRight(error: unknown): boolean {
  const said = error instanceof SaidOf ? error.cause : error;
  return said instanceof Error && 'code' in said && said.code === '42501';
}

/** Does something with the database that a setting names, of which whyNotStarted then tells. */
export async function withSetting<T>(setting: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isNamed = error instanceof Unfit || error instanceof Unreachable || error instanceof SaidOf;
    throw !isNamed && (lacksRight(error) || databaseShortage(error)) ? new SaidOf(setting, error) : error;
  }
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

/** Does one step of a start, with the server that a setting names. */
export type Step = <T>(setting: string, work: () => Promise<T>) => Promise<T>;

/**
 * Brings the schema to this version, and refuses keys that do not open what is sealed.
 * @param ownerUrl the same database as a role that owns the tables; without it, the service's own does
 * @param step waits for the server, where somebody wants that
 * @throws Unfit, MasterKeysRefused, and what pg says
 */
export async function prepareDatabase(
  url: string,
  masterKeys: readonly MasterKey[],
  { ownerUrl = url, holdsQueue = true }: { ownerUrl?: string | undefined; holdsQueue?: boolean } = {},
  step: Step = (_setting, work) => work(),
): Promise<void> {
  const of = (setting: string, work: () => Promise<unknown>) => withSetting(setting, () => step(setting, work));
  await of('DATABASE_URL', () => firstContact('DATABASE_URL', url));
  if (ownerUrl === url) await of('DATABASE_URL', () => migrate(url));
  else {
    await of('MIGRATION_DATABASE_URL', () => firstContact('MIGRATION_DATABASE_URL', ownerUrl));
    await of('MIGRATION_DATABASE_URL', () => migrate(ownerUrl, IN_PUBLIC));
    await of('MIGRATION_DATABASE_URL', () => grantToService(url, ownerUrl, holdsQueue));
  }
  await of('DATABASE_URL', () => refuseKeys(url, masterKeys));
}

/** @throws MasterKeysRefused, and what pg says */
export async function refuseKeys(url: string, masterKeys: readonly MasterKey[]): Promise<void> {
  const options = { url, entities: [], applicationName: 'retract-keys', poolSize: 1 };
  await withDataSource(options, (dataSource) => checkMasterKeys(dataSource, masterKeys));
}
