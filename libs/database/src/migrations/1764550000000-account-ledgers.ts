import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What WeChat counts it counts for an account, whichever platforms that authorized: its rows in `merchants` share one ledger. */
export class AccountLedgers1764550000000 implements MigrationInterface {
  name = 'AccountLedgers1764550000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What the dispatcher of a process that still runs charges now would be missing.
      LOCK TABLE merchant_pacing IN ACCESS EXCLUSIVE MODE;
      CREATE TABLE account_ledgers (
        authorizer_appid text NOT NULL,
        next_slot_at timestamptz,
        rate_per_minute integer,
        daily_limit integer,
        quota_day date,
        quota_used integer NOT NULL DEFAULT 0,
        learned_limit integer,
        learned_calls integer,
        learned_seconds integer,
        learned_at timestamptz,
        quota_asked_at timestamptz,
        spent_said_at timestamptz,
        cleared_at timestamptz,
        slowed_rate double precision,
        slowed_at timestamptz,
        clears_month text,
        clears_used integer NOT NULL DEFAULT 0,
        CONSTRAINT account_ledgers_pkey PRIMARY KEY (authorizer_appid)
      );
      -- Calls of one day were made for all of them together. Of limits that an operator set, the smaller is the careful one.
      INSERT INTO account_ledgers (authorizer_appid, next_slot_at, rate_per_minute, daily_limit, quota_day, quota_used, learned_limit, learned_calls, learned_seconds, learned_at, quota_asked_at, spent_said_at, slowed_rate, slowed_at, clears_month, clears_used)
      SELECT authorizer_appid, max(next_slot_at), min(rate_per_minute), min(daily_limit),
        max(quota_day), COALESCE(sum(quota_used) FILTER (WHERE quota_day = last_day), 0),
        (array_agg(learned_limit ORDER BY learned_at DESC NULLS LAST))[1], (array_agg(learned_calls ORDER BY learned_at DESC NULLS LAST))[1],
        (array_agg(learned_seconds ORDER BY learned_at DESC NULLS LAST))[1], max(learned_at), max(quota_asked_at), max(spent_said_at),
        (array_agg(slowed_rate ORDER BY slowed_at DESC NULLS LAST))[1], max(slowed_at),
        max(clears_month), LEAST(10, COALESCE(sum(clears_used) FILTER (WHERE clears_month = last_month), 0))
      FROM (
        SELECT m.authorizer_appid, p.*, max(p.quota_day) OVER account AS last_day, max(p.clears_month) OVER account AS last_month
        FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id WINDOW account AS (PARTITION BY m.authorizer_appid)
      ) AS lanes
      GROUP BY authorizer_appid;
      ALTER TABLE merchant_pacing
        DROP COLUMN rate_per_minute,
        DROP COLUMN daily_limit,
        DROP COLUMN quota_day,
        DROP COLUMN quota_used,
        DROP COLUMN learned_limit,
        DROP COLUMN learned_calls,
        DROP COLUMN learned_seconds,
        DROP COLUMN learned_at,
        DROP COLUMN quota_asked_at,
        DROP COLUMN spent_said_at,
        DROP COLUMN slowed_rate,
        DROP COLUMN slowed_at,
        DROP COLUMN clears_month,
        DROP COLUMN clears_used;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE merchant_pacing
        ADD COLUMN rate_per_minute integer,
        ADD COLUMN daily_limit integer,
        ADD COLUMN quota_day date,
        ADD COLUMN quota_used integer NOT NULL DEFAULT 0,
        ADD COLUMN learned_limit integer,
        ADD COLUMN learned_calls integer,
        ADD COLUMN learned_seconds integer,
        ADD COLUMN learned_at timestamptz,
        ADD COLUMN quota_asked_at timestamptz,
        ADD COLUMN spent_said_at timestamptz,
        ADD COLUMN slowed_rate double precision,
        ADD COLUMN slowed_at timestamptz,
        ADD COLUMN clears_month text,
        ADD COLUMN clears_used integer NOT NULL DEFAULT 0;
      UPDATE merchant_pacing p SET rate_per_minute = a.rate_per_minute, daily_limit = a.daily_limit, quota_day = a.quota_day, quota_used = a.quota_used, learned_limit = a.learned_limit, learned_calls = a.learned_calls, learned_seconds = a.learned_seconds, learned_at = a.learned_at, quota_asked_at = a.quota_asked_at, spent_said_at = a.spent_said_at, slowed_rate = a.slowed_rate, slowed_at = a.slowed_at, clears_month = a.clears_month, clears_used = a.clears_used
      FROM merchants m JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid WHERE m.id = p.merchant_id;
      DROP TABLE account_ledgers;
    `);
  }
}
