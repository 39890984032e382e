import { reach } from '@app/settings';
import type { MasterKey } from '@app/vault';
import { isDatabaseAway, prepareDatabase } from './why-not-started.js';

/** The settings of an app that say where its database is and what opens the secrets in it. */
interface DatabaseSettings {
  DATABASE_URL: string;
  MIGRATION_DATABASE_URL?: string | undefined;
  QUEUE_URL?: string | undefined;
  MASTER_KEYS: readonly MasterKey[];
}

/**
 * The first step of every app: waits a short time for the database, brings its schema to this version, and checks the
 * keys.
 * @throws Unreachable, Unfit, MasterKeysRefused, and what pg says
 */
export async function waitForDatabase(
  { DATABASE_URL, MIGRATION_DATABASE_URL, QUEUE_URL, MASTER_KEYS }: DatabaseSettings,
  logger: { warn(message: string, facts: object): void },
): Promise<void> {
  const roles = { ownerUrl: MIGRATION_DATABASE_URL, holdsQueue: !QUEUE_URL?.startsWith('redis') };
  await prepareDatabase(DATABASE_URL, MASTER_KEYS, roles, (setting, work) =>
    reach(setting, work, {
      isAway: isDatabaseAway,
      onWait: (reason) => logger.warn('the database is away, the start waits for it', { setting, reason }),
    }),
  );
}
