import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { prepareDatabase } from '@app/database';
import { parseMasterKeys } from '@app/vault';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { createEmptyDatabase, type TestDatabase } from './support/database.js';
import { freePort } from './support/free-port.js';
import { System } from './support/system.js';

describe('a service whose role does not own its tables', () => {
  const MASTER_KEYS = `k1:${randomBytes(32).toString('base64')}`;
  const role = `service_${randomUUID().replaceAll('-', '')}`;
  let owned: TestDatabase;
  let serviceUrl: string;
  let system: System;
  const apps: BuiltApp[] = [];

  async function asked(url: string, statement: string): Promise<string> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rowCount } = await client.query(statement);
      return `${rowCount ?? 0} rows`;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    } finally {
      await client.end();
    }
  }

  beforeAll(async () => {
    owned = await createEmptyDatabase();
    const password = randomBytes(12).toString('hex');
    expect(await asked(owned.url, `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)).toBe('0 rows');
    const url = new URL(owned.url);
    url.username = role;
    url.password = password;
    serviceUrl = url.href;
    // Several start at once.
    const roles = { ownerUrl: owned.url };
    await Promise.all([1, 2, 3].map(() => prepareDatabase(serviceUrl, parseMasterKeys(MASTER_KEYS), roles)));
    system = await System.start({
      database: { url: serviceUrl, drop: () => Promise.resolve() },
      env: { MASTER_KEYS },
      withWorker: false,
    });
    await system.registerPlatform();
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.end('SIGTERM')));
    await system.close();
    const server = new URL('/postgres', owned.url).href;
    await asked(owned.url, `DROP OWNED BY ${role}`);
    await owned.drop();
    await asked(server, `DROP ROLE ${role}`);
  });

  it('runs a deletion, built, and leaves an audit log that fits', async () => {
    const port = await freePort();
    const environment = { ...system.environment, PORT: String(port), MIGRATION_DATABASE_URL: owned.url };
    apps.push(...(await Promise.all([startBuiltApp('api', environment), startBuiltApp('worker', environment)])));
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant);
    const accepted = await fetch(`http://127.0.0.1:${port}/v1/deletions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ merchant, msg_id: msgId, article_idx: 1 }),
    });
    expect(accepted.status).toBe(202);
    const { id } = (await accepted.json()) as { id: string };
    expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
    const audited = await system.call('GET', `/v1/audit-events?subject=${id}`);
    expect(audited.body.data).toMatchObject([{ action: 'deletion.accepted' }]);
  });

  it('starts without knowing the owner once that one has migrated', async () => {
    await expect(prepareDatabase(serviceUrl, parseMasterKeys(MASTER_KEYS))).resolves.toBeUndefined();
  });

  const DENIED = '42501';
  it.each(['audit_events', 'audit_heads'])('cannot change the past in %s', async (table) => {
    const trigger = table === 'audit_events' ? 'audit_events_append_only' : 'audit_heads_append_only';
    for (const statement of [
      `UPDATE ${table} SET at = now()`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `DROP TRIGGER ${trigger} ON ${table}`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
      `ALTER TABLE ${table} OWNER TO ${role}`,
      `DROP TABLE ${table}`,
      `CREATE TRIGGER x BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`,
    ]) {
      expect([statement, await asked(serviceUrl, statement)]).toEqual([statement, DENIED]);
    }
    expect(await asked(serviceUrl, `SELECT * FROM ${table} LIMIT 0`)).toBe('0 rows');
  });

  it('cannot say that rows were archived, nor unsay it', async () => {
    for (const statement of [
      `INSERT INTO audit_archives SELECT * FROM audit_archives`,
      `UPDATE audit_archives SET up_to = now()`,
      `DELETE FROM audit_archives`,
      `TRUNCATE audit_archives`,
      `DROP TRIGGER audit_archives_append_only ON audit_archives`,
      `DROP TRIGGER audit_events_deletion ON audit_events`,
      `CREATE OR REPLACE FUNCTION public.refuse_audit_deletion() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN RETURN NULL; END'`,
    ]) {
      expect([statement, await asked(serviceUrl, statement)]).toEqual([statement, DENIED]);
    }
    expect(await asked(serviceUrl, `SELECT * FROM audit_archives`)).toBe('0 rows');
  });

  it('cannot make what its owner would run instead', async () => {
    // With the queue in this database it may make schemas; one by its owner's name would stand in front of the tables.
    const owner = new URL(owned.url).username;
    expect(await asked(serviceUrl, `CREATE SCHEMA "${owner}" CREATE TABLE migrations (id int)`)).toBe('0 rows');
    await prepareDatabase(serviceUrl, parseMasterKeys(MASTER_KEYS), { ownerUrl: owned.url });
    expect(await asked(owned.url, `SELECT 1 FROM "${owner}".migrations`)).toBe('0 rows');
    expect(await asked(serviceUrl, 'CREATE TABLE public.api_keys_too ()')).toBe(DENIED);
    expect(await asked(serviceUrl, `DELETE FROM migrations`)).toBe(DENIED);
    expect(await asked(serviceUrl, `SET session_replication_role = replica`)).toBe(DENIED);
  });
});
