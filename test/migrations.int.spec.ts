import { DataSource } from 'typeorm';
import { accessEntities } from '@app/access';
import { dataSourceOptions, migrate } from '@app/database';
import { deletionsEntities } from '@app/deletions';
import { eventsEntities } from '@app/events';
import { merchantsEntities } from '@app/merchants';
import { telemetryEntities } from '@app/telemetry';
import { webhooksEntities } from '@app/webhooks';
import { createEmptyDatabase, type TestDatabase } from './support/database.js';
import { tableRetention } from './support/tables.js';

/** A database as a release had it whose last migration this is. @param timestamp in the name of the migration */
async function asOf(timestamp: number, url: string): Promise<DataSource> {
  const options = dataSourceOptions({ url, entities: [], applicationName: 'test' });
  const migrations = Object.values(options.migrations ?? {}).filter(
    (migration) => typeof migration === 'function' && Number(migration.name.slice(-13)) <= timestamp,
  );
  const dataSource = await new DataSource({ ...options, migrations }).initialize();
  await dataSource.runMigrations({ transaction: 'each' });
  return dataSource;
}

describe('the migrations', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('run once on an empty database, even when several processes start together', async () => {
    const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    expect(runs.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migrate(database.url)).toEqual([]);
  });

  it('make the schema that the entities describe', async () => {
    const entities = [
      ...accessEntities,
      ...eventsEntities,
      ...merchantsEntities,
      ...deletionsEntities,
      ...telemetryEntities,
      ...webhooksEntities,
    ];
    dataSource = await new DataSource(
      dataSourceOptions({ url: database.url, entities, applicationName: 'test' }),
    ).initialize();
    const differences = await dataSource.driver.createSchemaBuilder().log();
    expect(differences.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('make no table of which it is not said how long its rows are kept', async () => {
    const tables = await dataSource.query<{ name: string }[]>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^(pg_|information_schema$)' ORDER BY c.relname`,
    );
    expect(Object.keys(tableRetention).sort()).toEqual(tables.map(({ name }) => name).sort());
  });

  // Where statistics say that nothing is open, or that nothing has ended, all such indexes look equally cheap.
  it('have no index of all that is open, or has ended, which a search for one merchant could walk through', async () => {
    const broad = await dataSource.query<unknown[]>(
      `SELECT indexname FROM pg_indexes WHERE tablename = 'deletions'
         AND indexdef ~ 'WHERE \\(finished_at IS (NOT )?NULL\\)$' AND indexdef !~ 'USING btree \\(merchant_id,'`,
    );
    expect(broad).toEqual([]);
  });
});

it('a migration to ledgers of accounts adds up what the lanes of an account have counted', async () => {
  const database = await createEmptyDatabase();
  const before = await asOf(1764351000000, database.url);
  await before.query(`
    INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
      SELECT gen_random_uuid(), appid, 'x', 'x', 'x' FROM unnest('{wxp1,wxp2}'::text[]) AS appid;
    INSERT INTO merchants (id, platform_id, authorizer_appid, state)
      SELECT gen_random_uuid(), id, appid, 'authorized' FROM platforms, unnest('{wxshared,wxown}'::text[]) AS appid
      WHERE component_appid = 'wxp1' OR appid = 'wxshared';
    INSERT INTO merchant_pacing (merchant_id, next_slot_at, quota_day, quota_used, daily_limit, rate_per_minute, slowed_rate, slowed_at, clears_month, clears_used)
      SELECT m.id, '2026-11-29T01:00:00Z', '2026-11-29', CASE component_appid WHEN 'wxp1' THEN 4 ELSE 5 END,
        CASE component_appid WHEN 'wxp1' THEN 20 END, CASE component_appid WHEN 'wxp1' THEN 60 ELSE 30 END, 7.5, '2026-11-29T01:00:00Z', '2026-11', 6
      FROM merchants m JOIN platforms p ON p.id = m.platform_id`);
  await before.destroy();
  await migrate(database.url);
  const after = await new DataSource(
    dataSourceOptions({ url: database.url, entities: [], applicationName: 'test' }),
  ).initialize();
  const ledgers: object[] = await after.query(
    `SELECT authorizer_appid, quota_day::text, quota_used, daily_limit, rate_per_minute, slowed_rate, clears_month, clears_used
     FROM account_ledgers ORDER BY 1`,
  );
  const both = { quota_day: '2026-11-29', daily_limit: 20, slowed_rate: 7.5, clears_month: '2026-11' };
  expect(ledgers).toEqual([
    { ...both, authorizer_appid: 'wxown', quota_used: 4, rate_per_minute: 60, clears_used: 6 },
    // A month allows ten clears.
    { ...both, authorizer_appid: 'wxshared', quota_used: 9, rate_per_minute: 30, clears_used: 10 },
  ]);
  expect(await after.query('SELECT count(*)::int FROM merchant_pacing')).toEqual([{ count: 3 }]);
  await after.destroy();
  await database.drop();
});

it('a migration to sources takes for WeChat’s what WeChat must have told, and the rest for nobody’s', async () => {
  const database = await createEmptyDatabase();
  const before = await asOf(1764601000000, database.url);
  const url = (biz: string, mid: number) => `http://mp.weixin.qq.com/s?__biz=${biz}&mid=${mid}&idx=1&sn=a#rd`;
  await before.query(`
    INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed) VALUES (gen_random_uuid(), 'wxp', 'x', 'x', 'x');
    INSERT INTO merchants (id, platform_id, authorizer_appid, state, biz)
      SELECT gen_random_uuid(), id, 'wx' || biz, 'authorized', biz FROM platforms, unnest('{told==,claimed==}'::text[]) AS biz;
    INSERT INTO mass_messages (merchant_id, msg_id, status, article_count)
      SELECT id, m.msg_id, m.status, m.count FROM merchants, (VALUES (1, 'send success', 1), (2, 'imported', NULL), (3, 'send success', NULL)) AS m (msg_id, status, count)
      WHERE biz = 'told==' OR m.msg_id = 2;
    INSERT INTO mass_message_articles (merchant_id, msg_id, article_idx, url)
      SELECT m.merchant_id, m.msg_id, n, '${url("' || biz || '", 1)}' FROM mass_messages m JOIN merchants me ON me.id = m.merchant_id, generate_series(1, 2) AS n`);
  await before.destroy();
  await migrate(database.url);
  const after = await new DataSource(
    dataSourceOptions({ url: database.url, entities: [], applicationName: 'test' }),
  ).initialize();
  expect(await after.query(`SELECT msg_id, article_idx FROM mass_message_articles WHERE source IS NOT NULL`)).toEqual([
    { msg_id: '1', article_idx: 1 },
  ]);
  expect(await after.query(`SELECT biz, biz_source FROM merchants ORDER BY biz`)).toEqual([
    { biz: 'claimed==', biz_source: null },
    { biz: 'told==', biz_source: 'wechat' },
  ]);
  expect(await after.query(`SELECT 1 FROM mass_messages WHERE import_counts`)).toEqual([]);
  await after.destroy();
  await database.drop();
});

it('migrations to tables with one owner each keep holds, token conflicts and the names in events', async () => {
  const database = await createEmptyDatabase();
  const before = await asOf(1764601000000, database.url);
  await before.query(`
    INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
      SELECT gen_random_uuid(), appid, 'x', 'x', 'x' FROM unnest('{wxheld,wxworks}'::text[]) AS appid;
    UPDATE platforms SET held_since = '2026-11-29T01:00:00Z', held_until = '2026-11-29T02:00:00Z', held_reason = 'ticket_missing',
      held_errcode = 61006, held_by_mint = true, hold_probes = 3, held_by_deletion_id = id, probe_merchant_id = id, probe_deletion_id = id
      WHERE component_appid = 'wxheld';
    INSERT INTO merchants (id, platform_id, authorizer_appid, state)
      SELECT gen_random_uuid(), id, appid, 'authorized' FROM platforms, unnest('{wxrefused,wxvoid,wxquiet}'::text[]) AS appid
      WHERE component_appid = 'wxheld';
    INSERT INTO access_tokens (holder_id, conflicts, conflict_since, conflict_until, void_at, voids, voids_told_at)
      SELECT id, CASE authorizer_appid WHEN 'wxrefused' THEN 2 ELSE 0 END,
        CASE authorizer_appid WHEN 'wxrefused' THEN '2026-11-29T01:00:00Z'::timestamptz END,
        CASE authorizer_appid WHEN 'wxrefused' THEN '2026-11-29T02:00:00Z'::timestamptz END, '2026-11-29T03:00:00Z'::timestamptz,
        CASE authorizer_appid WHEN 'wxvoid' THEN '{2026-11-29T01:30:00Z}' ELSE '{}' END::timestamptz[],
        CASE authorizer_appid WHEN 'wxvoid' THEN '2026-11-29T01:40:00Z'::timestamptz END
      FROM merchants UNION ALL SELECT id, 0, NULL, NULL, NULL, '{}', NULL FROM platforms;
    INSERT INTO events (type, platform_id, merchant_id, data)
      SELECT 'merchant.authorized', platform_id, id, '{}'::jsonb FROM merchants WHERE authorizer_appid = 'wxvoid'
      UNION ALL SELECT 'platform.resumed', id, NULL, '{}' FROM platforms WHERE component_appid = 'wxworks'
      UNION ALL SELECT 'webhook.disabled', NULL, NULL, '{}'`);
  const places = `SELECT txid, seq FROM events ORDER BY seq`;
  const placesBefore: object[] = await before.query(places);
  await before.destroy();
  await migrate(database.url);
  const after = await new DataSource(
    dataSourceOptions({ url: database.url, entities: [], applicationName: 'test' }),
  ).initialize();
  expect(
    await after.query(
      `SELECT component_appid, since, reason, errcode, is_of_mint, probe_at, probes, begun_by = id AND probe_merchant_id = id AND probe_deletion_id = id AS is_whole
       FROM platform_holds h JOIN platforms p ON p.id = h.platform_id`,
    ),
  ).toEqual([
    {
      component_appid: 'wxheld',
      since: new Date('2026-11-29T01:00:00Z'),
      reason: 'ticket_missing',
      errcode: 61006,
      is_of_mint: true,
      probe_at: new Date('2026-11-29T02:00:00Z'),
      probes: 3,
      is_whole: true,
    },
  ]);
  expect(
    await after.query(
      `SELECT authorizer_appid, refused, since, until, voids, voids_told_at
       FROM token_conflicts c JOIN merchants m ON m.id = c.merchant_id ORDER BY 1`,
    ),
  ).toEqual([
    {
      authorizer_appid: 'wxrefused',
      refused: 2,
      since: new Date('2026-11-29T01:00:00Z'),
      until: new Date('2026-11-29T02:00:00Z'),
      voids: [],
      voids_told_at: null,
    },
    {
      authorizer_appid: 'wxvoid',
      refused: 0,
      since: null,
      until: null,
      voids: [new Date('2026-11-29T01:30:00Z')],
      voids_told_at: new Date('2026-11-29T01:40:00Z'),
    },
  ]);
  expect(await after.query(`SELECT component_appid, authorizer_appid FROM events ORDER BY seq`)).toEqual([
    { component_appid: 'wxheld', authorizer_appid: 'wxvoid' },
    { component_appid: 'wxworks', authorizer_appid: null },
    { component_appid: null, authorizer_appid: null },
  ]);
  // Readers go on where they stood.
  expect(await after.query(places)).toEqual(placesBefore);
  await after.destroy();
  await database.drop();
});

it('a migration erases the private parts of proof keys that have retired, and lets older processes go on', async () => {
  const database = await createEmptyDatabase();
  const before = await asOf(1764740000000, database.url);
  await before.query(`
    INSERT INTO proof_keys (id, kid, public_key, private_key_sealed, retired_at)
      SELECT gen_random_uuid(), kid, 'x', 'sealed', CASE kid WHEN 'old' THEN now() END
      FROM unnest('{old,current}'::text[]) AS kid`);
  await before.destroy();
  await migrate(database.url);
  const after = await new DataSource(
    dataSourceOptions({ url: database.url, entities: [], applicationName: 'test' }),
  ).initialize();
  const parts = `SELECT kid, private_key_sealed FROM proof_keys ORDER BY kid`;
  expect(await after.query(parts)).toEqual([
    { kid: 'current', private_key_sealed: 'sealed' },
    { kid: 'old', private_key_sealed: null },
  ]);
  // As the release before rotates.
  await after.query(`UPDATE proof_keys SET retired_at = now() WHERE retired_at IS NULL`);
  await after.query(
    `INSERT INTO proof_keys (id, kid, public_key, private_key_sealed)
     SELECT gen_random_uuid(), 'next', 'x', 'sealed'`,
  );
  expect(await after.query(`SELECT kid FROM proof_keys WHERE retired_at IS NULL`)).toEqual([{ kid: 'next' }]);
  await after.destroy();
  await database.drop();
});

it('the migrations are listed in the order in which they are run', () => {
  const { migrations = [] } = dataSourceOptions({ url: '', entities: [], applicationName: 'test' });
  const times = Object.values(migrations).map((migration) =>
    typeof migration === 'function' ? Number(migration.name.slice(-13)) : NaN,
  );
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});
