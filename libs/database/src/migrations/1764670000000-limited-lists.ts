import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What keys with limits imported is found by whose it is, however many tenants there are; and a sweep finds the pre-auth codes that
 * are handed out no more, and the budgets of hours that are over, without reading all.
 */
export class LimitedLists1764670000000 implements MigrationInterface {
  name = 'LimitedLists1764670000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX import_limits_merchants_idx ON import_limits USING gin (merchants);
      CREATE INDEX import_limits_platforms_idx ON import_limits (id) WHERE merchants IS NULL;
      CREATE INDEX limited_imports_label_page_idx ON limited_imports (limits_id, label, msg_id, merchant_id)
        WHERE label IS NOT NULL;
      CREATE INDEX pre_auth_codes_over_idx ON pre_auth_codes ((COALESCE(handed_out_until, lease_until, created_at)));
      CREATE INDEX pre_auth_budgets_hour_idx ON pre_auth_budgets (hour);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
