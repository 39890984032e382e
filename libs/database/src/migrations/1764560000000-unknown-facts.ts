import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was never read is told apart from what was read and is empty; doubtful facts are no reason to refuse any more. */
export class UnknownFacts1764560000000 implements MigrationInterface {
  name = 'UnknownFacts1764560000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE merchants
        ADD COLUMN facts_failing_since timestamptz,
        ALTER COLUMN permission_sets DROP DEFAULT,
        ALTER COLUMN permission_sets DROP NOT NULL;
      CREATE INDEX merchants_facts_unread_idx ON merchants (id) WHERE facts_read_at IS NULL;

      -- A grant holds at least one set. Where none is stored and nothing was read, nobody was told.
      UPDATE merchants SET permission_sets = NULL
      WHERE state = 'authorized' AND permission_sets = '{}' AND facts_read_at IS NULL;

      -- As ineligibleReasons would say of the rows that are there.
      UPDATE merchants SET ineligible_reasons = array_remove(ARRAY[
        CASE WHEN NOT 7 = ANY (permission_sets) THEN 'permission_set_7_not_granted' END,
        CASE WHEN is_mini_program THEN 'not_an_official_account' END,
        CASE WHEN verify_type = -1 OR denied_reason = 'not_verified' THEN 'not_verified' END,
        CASE WHEN account_status IN (14, 16, 19) OR denied_reason = 'account_frozen' THEN 'account_frozen' END
      ], NULL)
      WHERE state = 'authorized' AND ineligible_reasons <> '{}';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
