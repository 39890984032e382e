import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { MIGRATION_LOCK, ownerDataSourceOptions } from './data-source.js';
import { rows } from './sql/rows.js';

/** The tables that nobody changes, the service included. Triggers say so, too, but an owner could drop these. */
const APPEND_ONLY = ['audit_events', 'audit_heads'];

/**
 * Lets the role of the service read and write what it needs in the tables of another role, which has made them: all but
 * the past of the audit log. Run after each migration, for tables come and go.
 * @param url of the service @param ownerUrl of the role that migrates @param holdsQueue the queue makes itself a schema
 * there
 */
export async function grantToService(url: string, ownerUrl: string, holdsQueue: boolean): Promise<void> {
  const role = await roleOf(url);
  const options = { url: ownerUrl, entities: [], applicationName: 'retract-migrate', poolSize: 1 };
  const owner = await new DataSource(ownerDataSourceOptions(options)).initialize();
  try {
    await owner.transaction(async (tx) => {
      // Two that grant at once would fail on each other's rows in the catalogue.
      await tx.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      await grant(tx, role, holdsQueue);
    });
  } finally {
    await owner.destroy();
  }
}

async function grant(tx: EntityManager, role: string, holdsQueue: boolean): Promise<void> {
  const [here] = await rows<{ role: string; owner: string; database: string }>(
    tx,
    `SELECT quote_ident($1) AS role, quote_ident(current_user) AS owner, quote_ident(current_database()) AS database`,
    [role],
  );
  if (!here || here.role === here.owner) return;
  const statements = [
    `GRANT USAGE ON SCHEMA public TO ${here.role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${here.role}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${here.role}`,
    `REVOKE ALL ON ${APPEND_ONLY.join(', ')} FROM ${here.role}`,
    `GRANT SELECT, INSERT ON ${APPEND_ONLY.join(', ')} TO ${here.role}`,
    // The owner alone says which migrations have run, which parts of the audit log lie in files, and which acts came late.
    `REVOKE INSERT, UPDATE, DELETE ON migrations, audit_archives, audit_late FROM ${here.role}`,
    ...(holdsQueue ? [`GRANT CREATE ON DATABASE ${here.database} TO ${here.role}`] : []),
  ];
  for (const statement of statements) await tx.query(statement);
}

/** The role's name as Postgres knows it: an address may leave it out. */
async function roleOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows: found } = await client.query<{ role: string }>('SELECT current_user AS role');
    return found[0]?.role ?? '';
  } finally {
    await client.end();
  }
}
