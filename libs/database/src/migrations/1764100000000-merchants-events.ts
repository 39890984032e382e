import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What happened to merchants and platforms; eligibility that is stored; when upkeep was last done. */
export class MerchantsEvents1764100000000 implements MigrationInterface {
  name = 'MerchantsEvents1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE events (
        id uuid PRIMARY KEY,
        type text NOT NULL,
        platform_id uuid NOT NULL,
        merchant_id uuid,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX events_merchant_idx ON events (merchant_id, id) WHERE merchant_id IS NOT NULL;

      ALTER TABLE merchants
        ADD COLUMN denied_reason text,
        ADD COLUMN ineligible_reasons text[] NOT NULL DEFAULT '{}',
        ADD COLUMN facts_asked_at timestamptz,
        ADD CONSTRAINT merchants_denied_reason_check CHECK (denied_reason IN ('not_verified', 'account_frozen'));

      -- As ineligibleReasons would say of the rows that are there.
      UPDATE merchants SET ineligible_reasons = CASE
        WHEN state <> 'authorized' THEN ARRAY[state]
        ELSE array_remove(ARRAY[
          CASE WHEN NOT 7 = ANY (permission_sets) THEN 'permission_set_7_not_granted' END,
          CASE WHEN is_mini_program OR service_type NOT IN (0, 1, 2) THEN 'not_an_official_account' END,
          CASE WHEN verify_type NOT IN (0, 3, 4) THEN 'not_verified' END,
          CASE WHEN account_status <> 1 THEN 'account_frozen' END
        ], NULL)
      END;

      ALTER TABLE platforms
        ADD COLUMN ticket_asked_at timestamptz,
        ADD COLUMN reconciled_at timestamptz,
        ADD COLUMN reconcile_asked_at timestamptz;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
