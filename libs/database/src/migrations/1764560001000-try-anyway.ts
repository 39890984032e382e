import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deletions for which WeChat is asked whatever our facts say, until it has answered. */
export class TryAnyway1764560001000 implements MigrationInterface {
  name = 'TryAnyway1764560001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE deletions ADD COLUMN try_anyway boolean NOT NULL DEFAULT false;
      CREATE INDEX deletions_tried_anyway_idx ON deletions (merchant_id) WHERE try_anyway AND finished_at IS NULL;
      -- What an account's counters may not show yet has ended just now.
      CREATE INDEX deletions_ended_idx ON deletions (merchant_id, finished_at) WHERE finished_at IS NOT NULL;
      ALTER TABLE merchants ADD COLUMN taught_at timestamptz;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
