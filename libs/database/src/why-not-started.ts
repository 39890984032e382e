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
  const shortage = databaseShortage(error);
  if (!shortage || !(error instanceof Error)) return undefined;
  // PgBouncer's own words, which have no code of their own.
  if (error.message.includes('unsupported startup parameter')) {
    return `DATABASE_URL leads to a PgBouncer that refuses our timeouts (${error.message}). Connect to Postgres itself, or see docs/operations.md.`;
  }
  return `${WHAT[shortage]} (${error.message || error.name}). Start again when that is mended.`;
}
