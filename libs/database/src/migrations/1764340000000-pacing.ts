import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lanes learn from WeChat and are woken without being locked; platforms can be held as a whole. */
export class Pacing1764340000000 implements MigrationInterface {
  name = 'Pacing1764340000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE platforms
        ADD COLUMN held_until timestamptz,
        ADD COLUMN held_reason text,
        ADD COLUMN held_since timestamptz,
        ADD COLUMN hold_probes integer NOT NULL DEFAULT 0;

      ALTER TABLE merchant_pacing
        ADD COLUMN learned_limit integer,
        ADD COLUMN learned_calls integer,
        ADD COLUMN learned_seconds integer,
        ADD COLUMN learned_at timestamptz,
        ADD COLUMN quota_asked_at timestamptz,
        ADD COLUMN slowed_rate double precision,
        ADD COLUMN slowed_at timestamptz,
        ADD COLUMN clears_month text,
        ADD COLUMN clears_used integer NOT NULL DEFAULT 0,
        DROP CONSTRAINT merchant_pacing_blocked_for_check,
        ADD CONSTRAINT merchant_pacing_blocked_for_check
          CHECK (blocked_for IN ('rate_limit', 'daily_quota', 'merchant_admin'));

      ALTER TABLE deletions ADD COLUMN slot_at timestamptz;

      CREATE TABLE platform_pacing (
        platform_id uuid PRIMARY KEY,
        next_slot_at timestamptz NOT NULL DEFAULT now(),
        learned_calls integer,
        learned_seconds integer,
        learned_at timestamptz,
        CONSTRAINT platform_pacing_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platforms (id)
      );

      -- No foreign key: its check would cost as much as the row, and the deletion in the same transaction has one.
      CREATE TABLE lane_wakes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        merchant_id uuid NOT NULL,
        ready_at timestamptz NOT NULL
      );
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
