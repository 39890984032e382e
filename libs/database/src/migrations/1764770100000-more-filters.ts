import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lists find deletions by WeChat's errcode, and merchants by a reason why they cannot be served. Merchants without a
 * grant are found by their state. Built beside 5,000,000 deletions and 200,000 merchants, they take some seconds.
 */
export class MoreFilters1764770100000 implements MigrationInterface {
  name = 'MoreFilters1764770100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX deletions_errcode_idx ON deletions (outcome_errcode, id) WHERE outcome_errcode IS NOT NULL;
      CREATE INDEX merchants_without_set_7_idx ON merchants (id)
        WHERE 'permission_set_7_not_granted' = ANY(ineligible_reasons);
      CREATE INDEX merchants_not_official_idx ON merchants (id)
        WHERE 'not_an_official_account' = ANY(ineligible_reasons);
      CREATE INDEX merchants_not_verified_idx ON merchants (id) WHERE 'not_verified' = ANY(ineligible_reasons);
      CREATE INDEX merchants_frozen_idx ON merchants (id) WHERE 'account_frozen' = ANY(ineligible_reasons);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
