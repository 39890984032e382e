// Fills a migrated, empty database with so much as years leave behind, to see how fast lists stay: what is finished is many, what is
// open few. Set-based SQL: it writes rows that the service would have left, but it does not ask the service. So secrets are blank, no
// worker can call anybody with them, and the audit log's rows make no chain.
//
//   DATABASE_URL=postgres://… node scripts/fill-database.mjs [--deletions 5000000] [--merchants 200000] [--open 5000] [--days 60]
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import pg from 'pg';

const DEFAULTS = { deletions: 5_000_000, merchants: 200_000, open: 5_000, days: 60 };
/** Kinds of rows are written at the same time, as are indexes: so many connections. */
const AT_ONCE = 2;
/** Rows of a statement: so that a run tells how far it is, and one that is broken off has not lost all. */
const AT_A_TIME = 500_000;

/**
 * Every kind of row that lists filter by is there, and each filter has its hard case: a value that only a few, old rows have. Where
 * pages are read from the newest on, these are found last.
 * @param sizes how many deletions are finished, within how many days, and of how many merchants; how many are open besides
 * @throws when the database has rows of somebody's
 */
export async function fillDatabase(connectionString, sizes, tell = () => undefined) {
  const { deletions, merchants, open, days } = { ...DEFAULTS, ...sizes };
  const clients = Array.from({ length: AT_ONCE }, () => new pg.Client({ connectionString }));
  const [client] = clients;
  try {
    for (const one of clients) await one.connect();
    await refuseUsed(client);
    const { rows } = await client.query('SELECT now()::text AS now');
    for (const one of clients) await prepare(one, rows[0].now, days);
    const { rows: indexes } = await client.query(INDEXES);
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
    const t0 = performance.now();
    const run = async (of, what, text, parameters = []) => {
      await of.query(text, parameters);
      tell(`${((performance.now() - t0) / 1000).toFixed(0)} s: ${what}`);
    };
    await run(client, 'platforms and merchants', MERCHANTS, [merchants]);
    await run(client, 'takedowns', TAKEDOWNS, [deletions]);
    for (const one of clients) await trust(one);
    await withEach(clients, Object.entries(BY_DELETION), async (one, [what, text]) => {
      for (let from = 1; from <= deletions; from += AT_A_TIME) {
        const to = Math.min(deletions, from + AT_A_TIME - 1);
        // Postgres wants no parameter that a statement does not name.
        const parameters = [from, to, deletions, merchants].filter((_value, i) => text.includes(`$${i + 1}`));
        await run(one, `${what} up to ${to.toLocaleString('en-US')}`, text, parameters);
      }
    });
    await run(client, 'open deletions', OPEN, [open, deletions, merchants]);
    await run(client, 'counts of takedowns', SETTLED);
    await run(client, 'ledgers of accounts', LEDGERS);
    await run(client, 'place in the feed', READ);
    await withEach(clients, indexes, (one, { name, definition }) => run(one, `index ${name}`, definition));
    await run(client, 'statistics', 'VACUUM ANALYZE');
  } finally {
    for (const one of clients) await one.end();
  }
}

async function prepare(client, now, days) {
  await client.query(`SELECT set_config('fill.began_at', $1, false), set_config('fill.days', $2, false)`, [now, days]);
  await client.query(HELPERS);
}

/** What rows refer to is looked up nowhere, which saves a third of the time. Who is no superuser waits for it. */
function trust(client) {
  return client.query('SET session_replication_role = replica').catch(() => undefined);
}

/** Each client takes the next as soon as it is through with one. */
async function withEach(clients, all, work) {
  const left = all[Symbol.iterator]();
  await Promise.all(
    clients.map(async (client) => {
      for (const one of left) await work(client, one);
    }),
  );
}

async function refuseUsed(client) {
  for (const table of ['platforms', 'merchants', 'deletions', 'takedowns', 'events', 'audit_events', 'mass_messages']) {
    const { rows } = await client.query(`SELECT 1 FROM ${table} LIMIT 1`);
    if (rows.length > 0) throw new Error(`This is not an empty database: ${table} has rows. Nothing was written.`);
  }
}

/**
 * The indexes that no constraint owns. They are built when all rows are there, which is several times as quick as to keep each of them
 * up to date with every row.
 */
const INDEXES = `
  SELECT c.oid::regclass::text AS name, pg_get_indexdef(c.oid) AS definition
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u', 'x'))
  ORDER BY c.relname`;

/** Gone with the connection. `fill_id`: as a UUID of version 7, which grows with time. `fill_at`: the newest of all days is an hour old. */
const HELPERS = `
  SELECT set_config('fill.long_ago', lpad(to_hex(
    (extract(epoch FROM current_setting('fill.began_at')::timestamptz - interval '100 days') * 1000)::bigint), 12, '0') || '7', false);
  CREATE FUNCTION pg_temp.fill_days() RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT current_setting('fill.days')::int * interval '1 day'
  $$;
  CREATE FUNCTION pg_temp.fill_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT current_setting('fill.began_at')::timestamptz
  $$;
  CREATE FUNCTION pg_temp.fill_at(n bigint, of bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT pg_temp.fill_now() - interval '1 hour' - (of - n) * (pg_temp.fill_days() / of)
  $$;
  CREATE FUNCTION pg_temp.fill_id(kind int, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000' || lpad(to_hex(n), 12, '0'))::uuid
  $$;
  CREATE FUNCTION pg_temp.fill_old_id(kind int, n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (current_setting('fill.long_ago') || lpad(to_hex(kind), 3, '0') || '8000' || lpad(to_hex(n), 12, '0'))::uuid
  $$;
  CREATE FUNCTION pg_temp.fill_merchant(n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT pg_temp.fill_old_id(1, n)
  $$;
  CREATE FUNCTION pg_temp.fill_appid(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'wx' || lpad(to_hex(n), 16, '0')
  $$;
  CREATE FUNCTION pg_temp.fill_platform(n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT pg_temp.fill_old_id(0, n)
  $$;
  -- The last merchant is alone on its platform, and only the oldest deletions are its.
  CREATE FUNCTION pg_temp.merchant_of(n bigint, merchants int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n <= 20 THEN merchants ELSE 1 + n * 7919 % (merchants - 1) END
  $$;
  -- A takedown of a tenth of them, an older one of as many, and small ones among the rest.
  CREATE FUNCTION pg_temp.takedown_of(n bigint, of bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n > of * 0.8 AND n <= of * 0.9 THEN 1 WHEN n > of * 0.1 AND n <= of * 0.2 THEN 2
      WHEN n % 100 < 10 THEN 3 + n / 5000 END
  $$;
  CREATE FUNCTION pg_temp.fill_takedown(n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT pg_temp.fill_old_id(2, n)
  $$;
`;

/** Parameter: merchants. Of the states and facts that are rare, the last merchants have them, where pages come last. */
const MERCHANTS = `
  WITH platform AS (
    INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
    SELECT pg_temp.fill_platform(n), 'wxf' || lpad(to_hex(n), 15, '0'), '', '', '' FROM generate_series(1, 4) AS n RETURNING id
  ), merchant AS (
    INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets, ineligible_reasons, grant_version, granted_at, facts_read_at, ref, nick_name,
      principal_name, biz, biz_source)
    SELECT pg_temp.fill_merchant(n), pg_temp.fill_platform(CASE WHEN n = $1 THEN 4 ELSE 1 + n % 3 END), pg_temp.fill_appid(n),
      CASE WHEN n > $1 - 10 THEN 'reauthorization_required' ELSE 'authorized' END, CASE WHEN n BETWEEN $1 - 30 AND $1 - 20 THEN NULL ELSE '{1,7}'::int[] END,
      CASE WHEN n > $1 - 10 THEN '{reauthorization_required}' ELSE '{}' END::text[], 1, now() - interval '100 days',
      CASE WHEN n BETWEEN $1 - 30 AND $1 - 20 THEN NULL ELSE now() - n % 86000 * interval '1 s' END, 'customer ' || n, 'account ' || n,
      CASE WHEN n > $1 - 10 THEN '杭州清仓' ELSE '杭州' END || n || '号商贸有限公司',
      'Mz' || lpad(n::text, 6, '0'), CASE WHEN n % 5 = 0 THEN 'import' ELSE 'wechat' END
    FROM generate_series(1, $1::int) AS n RETURNING id, authorizer_appid
  ), lane AS (
    INSERT INTO merchant_pacing (merchant_id) SELECT id FROM merchant
  ), ledger AS (
    INSERT INTO account_ledgers (authorizer_appid) SELECT authorizer_appid FROM merchant
  ), endpoint AS (
    INSERT INTO webhook_endpoints (id, url, event_types, secret_sealed, state)
    SELECT pg_temp.fill_old_id(3, n), 'https://example.com/hook', '{*}', '', 'disabled' FROM generate_series(1, 2) AS n
  ), limits AS (
    -- Of tenants: of one with a platform of its own, and of those that share one.
    INSERT INTO import_limits (id, platforms, merchants)
    SELECT 'platform ' || n, ARRAY['wxf' || lpad(to_hex(n), 15, '0')], NULL::text[] FROM generate_series(1, 4) AS n
    UNION ALL
    SELECT 'merchant ' || n, NULL, ARRAY[pg_temp.fill_appid(n)] FROM generate_series(1, $1::int) AS n
    WHERE n % 5 = 0 OR n = $1
  ), link AS (
    INSERT INTO authorization_links (id, platform_id, ref, is_single_use, expires_at, issued_by, issuer_role)
    SELECT pg_temp.fill_old_id(10, n), pg_temp.fill_platform(1 + n % 3), 'customer ' || n, true,
      now() + n % 60 * interval '1 day' - interval '29 days', pg_temp.fill_old_id(4, 1), 'admin'
    FROM generate_series(1, $1::int) AS n
  ), code AS (
    -- More clicks at a time than anybody has seen.
    INSERT INTO pre_auth_codes (id, platform_id, taker, code_sealed, handed_out_until)
    SELECT pg_temp.fill_old_id(11, n), pg_temp.fill_platform(1 + n % 3), 'link ' || n, '', now() + interval '1 day'
    FROM generate_series(1, $1::int / 5) AS n
  ), budget AS (
    INSERT INTO pre_auth_budgets (platform_id, spender, hour, made)
    SELECT pg_temp.fill_platform(1 + n % 3), 'link ' || n, date_trunc('hour', now()), 1
    FROM generate_series(1, $1::int / 5) AS n
  ), key AS (
    INSERT INTO api_keys (id, name, key_hash, role)
    SELECT pg_temp.fill_old_id(4, n), 'filled', 'none ' || n, 'viewer' FROM generate_series(1, 2) AS n
  )
  INSERT INTO access_tokens (holder_id, expires_at) SELECT id, now() - interval '1 hour' FROM merchant`;

/** Parameter: deletions. Those of the last hour of the oldest day were cancelled. */
const TAKEDOWNS = `
  INSERT INTO takedowns (id, state, is_urgent, accepted, requested_by, request_id, scope_platforms, created_at, started_at, cancelled_at, finished_at)
  SELECT pg_temp.fill_takedown(n), CASE WHEN n BETWEEN 3 AND 5 THEN 'cancelled' ELSE 'finished' END, false, 500,
    (SELECT min(id::text) FROM api_keys WHERE name = 'filled')::uuid, 'fill', CASE WHEN n = 4 THEN '{wxf000000000000004}'::text[] END,
    now() - pg_temp.fill_days(), now() - pg_temp.fill_days(), CASE WHEN n BETWEEN 3 AND 5 THEN now() - pg_temp.fill_days() END, now() - interval '1 hour'
  FROM generate_series(1, 3 + $1::bigint / 5000) AS n`;

/** What each deletion left behind. Parameters: from, to, deletions, merchants. */
const BY_DELETION = {
  deletions: `
    INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, dispatched_at, dispatches, attempts, outcome_code, proof,
      request_id, requested_by, takedown_id, created_at, finished_at)
    SELECT pg_temp.fill_id(5, n, at), pg_temp.fill_merchant(pg_temp.merchant_of(n, $4::int)), 2247483648 + n, 1, 'msg:' || 2247483648 + n || ':1', state,
      at, at, 1, CASE state WHEN 'cancelled' THEN 0 ELSE 1 END, CASE state WHEN 'succeeded' THEN 'deleted' WHEN 'failed' THEN 'refused' ELSE state END,
      CASE state WHEN 'succeeded' THEN 'acknowledged' ELSE 'none' END, 'fill', pg_temp.fill_old_id(4, 1),
      pg_temp.fill_takedown(pg_temp.takedown_of(n, $3)), at, at + interval '5 s'
    FROM (SELECT n, pg_temp.fill_at(n, $3) AS at, CASE WHEN n <= 40 THEN 'cancelled' WHEN n <= 80 OR n = ($3 * 0.85)::bigint THEN 'failed' ELSE 'succeeded' END AS state
      FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made`,
  // The older large takedown asked for these again.
  links: `
    INSERT INTO takedown_links (takedown_id, deletion_id, was_deleted)
    SELECT pg_temp.fill_takedown(2), pg_temp.fill_id(5, n, pg_temp.fill_at(n, $3)), true FROM generate_series($1::bigint, $2::bigint) AS n
    WHERE n % 50 = 1 AND n < $3 * 0.1`,
  calls: `
    INSERT INTO deletion_attempts (id, deletion_id, operation, outcome, errcode, http_status, latency_ms, started_at, finished_at)
    SELECT pg_temp.fill_id(6, n, at), pg_temp.fill_id(5, n, at), 'mass/delete', 'done', 0, 200, 40, at + interval '1 s', at + interval '2 s'
    FROM (SELECT n, pg_temp.fill_at(n, $3) AS at FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made`,
  // Half of all: what WeChat told, and of some of it, by a provider's import, only what came before.
  messages: `
    WITH message AS (
      INSERT INTO mass_messages (merchant_id, msg_id, status, finished_at, created_at, label, article_count, import_counts)
      SELECT pg_temp.fill_merchant(pg_temp.merchant_of(n, $4::int)), 2247483648 + n,
        CASE WHEN n % 20 = 0 THEN 'imported' ELSE 'send success' END, at, at,
        CASE WHEN n <= 60 THEN 'rare' WHEN n % 2 = 0 THEN 'campaign' END, CASE WHEN n % 20 <> 0 THEN 1 END, true
      FROM (SELECT n, pg_temp.fill_at(n, $3) AS at FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made
      WHERE n % 2 = 0 OR n <= 60
      RETURNING merchant_id, msg_id, status, label
    )
    INSERT INTO mass_message_articles (merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id, source)
    SELECT merchant_id, msg_id, 1, 'https://mp.weixin.qq.com/s?__biz=fill&mid=' || msg_id || '&idx=1&sn=fill',
      CASE label WHEN 'rare' THEN '冬季清仓' ELSE '春季上新' END || msg_id,
      msg_id::text, 1, 'fill', 'short-' || msg_id, CASE status WHEN 'imported' THEN 'import' ELSE 'wechat' END
    FROM message`,
  // The others, by tenants, and some that are known anyway.
  'imports of tenants': `
    WITH made AS (
      SELECT n, m, 2247483648 + n AS msg_id, limits_id
      FROM (SELECT n, pg_temp.merchant_of(n, $4::int) AS m FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS of,
        LATERAL (VALUES ('platform ' || CASE WHEN m = $4::int THEN 4 ELSE 1 + m % 3 END), ('merchant ' || m)) AS of_limits (limits_id)
      WHERE (n % 2 = 1 OR n % 10 = 0) AND (limits_id LIKE 'platform%' OR m % 5 = 0 OR m = $4::int)
    ), message AS (
      INSERT INTO limited_imports (limits_id, merchant_id, msg_id, label, sent_at)
      SELECT limits_id, pg_temp.fill_merchant(m), msg_id,
        CASE WHEN n <= 100 THEN 'rare' WHEN n % 4 = 1 THEN 'campaign' END, pg_temp.fill_at(n, $3)
      FROM made RETURNING limits_id, merchant_id, msg_id, label
    )
    INSERT INTO limited_import_articles (limits_id, merchant_id, msg_id, article_idx, url, title, mid, idx, sn, short_id)
    SELECT limits_id, merchant_id, msg_id, 1, 'https://mp.weixin.qq.com/s?__biz=fill&mid=' || msg_id || '&idx=1&sn=fill',
      CASE label WHEN 'rare' THEN '冬季清仓' ELSE '春季上新' END || msg_id,
      msg_id::text, 1, 'fill', 'short-' || msg_id
    FROM message`,
  events: `
    INSERT INTO events (id, type, platform_id, component_appid, merchant_id, authorizer_appid, deletion_id, takedown_id, data, created_at)
    SELECT pg_temp.fill_id(7, n, at), CASE WHEN n <= 20 THEN 'deletion.cancelled' ELSE 'deletion.succeeded' END, m.platform_id, p.component_appid,
      m.id, m.authorizer_appid, pg_temp.fill_id(5, n, at), pg_temp.fill_takedown(pg_temp.takedown_of(n, $3)),
      '{"msg_id":"2247483648","article_idx":1,"url":null,"outcome_code":"deleted","errcode":0,"proof":"acknowledged","attempts":1,"metadata":null}', at
    FROM (SELECT n, pg_temp.fill_at(n, $3) AS at FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made
      JOIN merchants m ON m.id = pg_temp.fill_merchant(pg_temp.merchant_of(n, $4::int)) JOIN platforms p ON p.id = m.platform_id ORDER BY n`,
  'audit events': `
    INSERT INTO audit_events (at, api_key_id, role, action, subject_type, subject_id, component_appid, authorizer_appid, request_id, ip, data, prev_hash, hash)
    SELECT at, pg_temp.fill_old_id(4, CASE WHEN n <= 20 THEN 2 ELSE 1 END), 'operator',
      CASE WHEN n <= 20 THEN 'deletion.cancelled' ELSE 'deletion.accepted' END, 'deletion',
      pg_temp.fill_id(5, n, at)::text, 'wxf' || lpad(CASE pg_temp.merchant_of(n, $4::int) WHEN $4::int THEN '4' ELSE (1 + pg_temp.merchant_of(n, $4::int) % 3)::text END, 15, '0'),
      pg_temp.fill_appid(pg_temp.merchant_of(n, $4::int)), 'fill', '127.0.0.1', '{}', 'filled ' || n, 'filled ' || n + 1
    FROM (SELECT n, pg_temp.fill_at(n, $3) AS at FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made ORDER BY n`,
  'webhook deliveries': `
    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, payload, state, attempts, last_status, created_at, finished_at)
    SELECT pg_temp.fill_id(8, n, at), pg_temp.fill_old_id(3, 1), pg_temp.fill_id(7, n, at), 'deletion.succeeded',
      json_build_object('id', pg_temp.fill_id(7, n, at), 'type', 'deletion.succeeded', 'timestamp', at, 'data', json_build_object(
        'id', pg_temp.fill_id(5, n, at), 'takedown_id', pg_temp.fill_takedown(pg_temp.takedown_of(n, $3)),
        'component_appid', 'wxf000000000000001', 'merchant', pg_temp.fill_appid(1), 'msg_id', (2247483648 + n)::text, 'article_idx', 1,
        'url', NULL, 'outcome_code', 'deleted', 'errcode', NULL, 'proof', 'acknowledged', 'attempts', 1, 'metadata', NULL)),
      CASE WHEN n <= 20 THEN 'failed' ELSE 'delivered' END, 1, 200, at, at + interval '1 s'
    FROM (SELECT n, pg_temp.fill_at(n, $3) AS at FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made`,
  pushes: `
    INSERT INTO callback_events (id, platform_id, channel, kind, authorizer_appid, fingerprint, state, request_id, pushed_at, received_at, processed_at)
    SELECT pg_temp.fill_id(9, n, at), pg_temp.fill_platform(CASE pg_temp.merchant_of(n, $4::int) WHEN $4::int THEN 4 ELSE 1 + pg_temp.merchant_of(n, $4::int) % 3 END),
      'message', CASE WHEN n <= 20 THEN 'unauthorized' ELSE 'MASSSENDJOBFINISH' END, pg_temp.fill_appid(pg_temp.merchant_of(n, $4::int)), 'fill ' || n,
      CASE WHEN n <= 40 THEN 'failed' ELSE 'done' END, 'fill', at, at, at
    FROM (SELECT n, pg_temp.fill_at(n, $3) AS at FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) AS made WHERE n % 2 = 0 OR n <= 40`,
  'idempotency keys': `
    INSERT INTO idempotency_keys (api_key_id, key, request_hash, status, answer, created_at)
    SELECT pg_temp.fill_old_id(4, 1), 'fill ' || n, 'fill', 202, '{}', now() - interval '1 hour'
    FROM generate_series($1::bigint, $2::bigint) AS n WHERE n % 20 = 0`,
};

/**
 * Of each open state some, the newest deletions there are, in lanes of which half are shut until tomorrow; a takedown that waits for the
 * end of its undo window. What is running has a claim that holds for a day. Parameters: open, deletions, merchants.
 */
const OPEN = `
  WITH made AS (
    SELECT n, 1 + n % LEAST($1, $3 - 100)::int AS merchant, CASE WHEN n % 10 = 0 THEN 'scheduled' WHEN n % 100 = 1 THEN 'running' WHEN n % 100 = 2 THEN 'waiting' ELSE 'queued' END AS state,
      now() - interval '30 min' + n * interval '1 ms' AS at
    FROM generate_series(1, $1::bigint) AS n
  ), takedown AS (
    INSERT INTO takedowns (id, state, is_urgent, accepted, requested_by, request_id, undo_seconds, undo_until, started_at)
    VALUES (pg_temp.fill_id(2, 999999999, now()), 'running', false, $1 / 10, pg_temp.fill_old_id(4, 1), 'fill', 86400, now() + interval '1 day', now())
    RETURNING id
  ), deletion AS (
    INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, dispatched_at, running_until, waiting_for, waiting_until, request_id, requested_by, takedown_id, created_at)
    SELECT pg_temp.fill_id(5, $2::bigint + n, at), pg_temp.fill_merchant(merchant), 2247483648 + $2::bigint + n, 1, 'msg:' || 2247483648 + $2::bigint + n || ':1', state,
      CASE state WHEN 'scheduled' THEN now() + interval '1 day' WHEN 'waiting' THEN now() + interval '1 day' ELSE at END,
      CASE state WHEN 'running' THEN at END, CASE state WHEN 'running' THEN now() + interval '1 day' END,
      CASE state WHEN 'waiting' THEN 'backoff' END, CASE state WHEN 'waiting' THEN now() + interval '1 day' END, 'fill', pg_temp.fill_old_id(4, 1),
      CASE state WHEN 'scheduled' THEN takedown.id END, at
    FROM made, takedown
    RETURNING merchant_id
  )
  UPDATE merchant_pacing p SET due_at = now() + interval '1 day', blocked_for = CASE WHEN made.merchant % 2 = 0 THEN 'daily_quota' END,
    blocked_until = CASE WHEN made.merchant % 2 = 0 THEN now() + interval '1 day' END, urgent_blocked_until = CASE WHEN made.merchant % 2 = 0 THEN now() + interval '1 day' END
  FROM (SELECT DISTINCT merchant FROM made) AS made WHERE p.merchant_id = pg_temp.fill_merchant(made.merchant)`;

/** How the deletions of each takedown ended: a worker's watch would have stored it. */
const SETTLED = `
  UPDATE takedowns t SET settled_counts = jsonb_build_object('scheduled', 0, 'queued', 0, 'running', 0, 'waiting', 0,
    'succeeded', 0, 'failed', 0, 'cancelled', 0) || counted.counts
  FROM (
    SELECT takedown_id, jsonb_object_agg(state, count) AS counts FROM (
      SELECT takedown_id, state, count(*) FROM (
        SELECT takedown_id, state FROM deletions WHERE takedown_id IS NOT NULL
        UNION ALL
        SELECT l.takedown_id, d.state FROM takedown_links l JOIN deletions d ON d.id = l.deletion_id
      ) AS each_one GROUP BY 1, 2
    ) AS by_state GROUP BY 1
  ) AS counted
  WHERE t.id = counted.takedown_id AND t.finished_at IS NOT NULL`;

/** Webhooks were told of all events. */
const READ = `
  UPDATE webhook_feed SET cursor = last.txid || '.' || last.seq
  FROM (SELECT txid, seq FROM events ORDER BY txid DESC, seq DESC LIMIT 1) AS last`;

/** By the last day on which each account had a deletion, and with a limit that WeChat has told some of. */
const LEDGERS = `
  UPDATE account_ledgers a SET quota_day = (last.at AT TIME ZONE 'Asia/Shanghai')::date, quota_used = 1,
    learned_limit = CASE WHEN last.is_told THEN 10 END, learned_at = CASE WHEN last.is_told THEN last.at END
  FROM (
    SELECT m.authorizer_appid AS appid, max(d.created_at) AS at, hashtext(m.authorizer_appid) % 2 = 0 AS is_told
    FROM deletions d JOIN merchants m ON m.id = d.merchant_id WHERE d.finished_at IS NOT NULL GROUP BY 1
  ) AS last
  WHERE a.authorizer_appid = last.appid`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      deletions: { type: 'string' },
      merchants: { type: 'string' },
      open: { type: 'string' },
      days: { type: 'string' },
    },
  });
  const sizes = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  const { DATABASE_URL } = process.env;
  const faults = Object.entries(sizes).filter(([name, size]) => {
    const [least, most] = name === 'days' ? [1, 99] : [200, 100_000_000];
    return !Number.isInteger(size) || size < least || size > most;
  });
  if (!DATABASE_URL) faults.push(['DATABASE_URL']);
  if (faults.length > 0) {
    console.error(
      `Missing, or not between 200 and 100,000,000 (days: 1 and 99): ${faults.map(([name]) => name).join(', ')}`,
    );
    process.exit(1);
  }
  await fillDatabase(DATABASE_URL, sizes, console.log).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
