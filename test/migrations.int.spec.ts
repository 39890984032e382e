import { DataSource } from 'typeorm';
import { accessEntities } from '@app/access';
import { dataSourceOptions, migrate } from '@app/database';
import { deletionsEntities } from '@app/deletions';
import { eventsEntities } from '@app/events';
import { merchantsEntities } from '@app/merchants';
import { webhooksEntities } from '@app/webhooks';
import { createEmptyDatabase, type TestDatabase } from './support/database.js';

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
      ...webhooksEntities,
    ];
    dataSource = await new DataSource(
      dataSourceOptions({ url: database.url, entities, applicationName: 'test' }),
    ).initialize();
    const differences = await dataSource.driver.createSchemaBuilder().log();
    expect(differences.upQueries.map(({ query }) => query)).toEqual([]);
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
