import pg from 'pg';
import { tlsFault, Unfit } from '@app/settings';

/** No default of anybody, so that Postgres has it from us. */
const ASKED_MS = 59_123;

/**
 * One short connection before any other: whether the server is the one that its address says, and whether Postgres
 * itself hears what a connection of ours begins with.
 * @throws Unfit, and what pg says
 */
export async function firstContact(setting: string, url: string): Promise<void> {
  let heardMs: number;
  try {
    heardMs = await timeoutHeard(url);
  } catch (error) {
    throw whyUnfit(setting, error) ?? error;
  }
  if (heardMs !== ASKED_MS) {
    throw new Unfit(
      setting,
      'leads to a pooler, such as PgBouncer, that drops what a connection begins with (ignore_startup_parameters): ' +
        'locks, notices and timeouts would not hold. Connect to Postgres itself: an api and a worker have ' +
        'pools of their own.',
    );
  }
}

/** What no later try can change. */
export function whyUnfit(setting: string, error: unknown): Unfit | undefined {
  const fault = tlsFault(error);
  if (fault) return new Unfit(setting, fault, { cause: error });
  // PgBouncer's own words, which have no code of their own.
  if (!(error instanceof Error) || !error.message.includes('unsupported startup parameter')) return undefined;
  return new Unfit(
    setting,
    `leads to a PgBouncer that refuses our timeouts (${error.message}). Connect to Postgres itself: see ` +
      'docs/operations.md, Behind a proxy, PgBouncer, TLS.',
    { cause: error },
  );
}

async function timeoutHeard(url: string): Promise<number> {
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
    return Number(rows[0]?.ms);
  } finally {
    await client.end();
  }
}
