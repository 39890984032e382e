import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Merchants are counted some at a time: how far that is, and what it came to last. Of no concern to older processes. */
export class MerchantCensus1764844000000 implements MigrationInterface {
  name = 'MerchantCensus1764844000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE merchant_census (
        is_only boolean NOT NULL DEFAULT true,
        steps bigint NOT NULL,
        stepped_at timestamptz NOT NULL,
        after text NOT NULL,
        so_far jsonb NOT NULL,
        taken jsonb,
        taken_at timestamptz,
        CONSTRAINT merchant_census_pkey PRIMARY KEY (is_only),
        CONSTRAINT merchant_census_only_check CHECK (is_only)
      );
      INSERT INTO merchant_census (steps, stepped_at, after, so_far)
        VALUES (0, now(), '', '{"merchants": [], "quotas": []}');
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
