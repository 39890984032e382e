import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An account for which another system mints access tokens, too, waits in its lane and says so. */
export class TokenConflicts1764541000000 implements MigrationInterface {
  name = 'TokenConflicts1764541000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE access_tokens
        ADD COLUMN conflicts integer NOT NULL DEFAULT 0,
        ADD COLUMN conflict_since timestamptz,
        ADD COLUMN conflict_until timestamptz;
      ALTER TABLE merchant_pacing
        DROP CONSTRAINT merchant_pacing_blocked_for_check,
        ADD CONSTRAINT merchant_pacing_blocked_for_check
          CHECK (blocked_for IN ('rate_limit', 'daily_quota', 'merchant_admin', 'token_conflict'));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE merchant_pacing SET blocked_for = NULL, blocked_until = NULL, urgent_blocked_until = NULL
        WHERE blocked_for = 'token_conflict';
      ALTER TABLE merchant_pacing
        DROP CONSTRAINT merchant_pacing_blocked_for_check,
        ADD CONSTRAINT merchant_pacing_blocked_for_check
          CHECK (blocked_for IN ('rate_limit', 'daily_quota', 'merchant_admin'));
      ALTER TABLE access_tokens DROP COLUMN conflicts, DROP COLUMN conflict_since, DROP COLUMN conflict_until;
    `);
  }
}
