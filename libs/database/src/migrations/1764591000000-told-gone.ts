import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the deletion after which WeChat said that a message is deleted; and what may be tried anyway in a takedown. */
export class ToldGone1764591000000 implements MigrationInterface {
  name = 'ToldGone1764591000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX deletions_told_gone_idx ON deletions (merchant_id, msg_id) WHERE proof = 'verified' AND state = 'succeeded';
      ALTER TABLE takedown_items ADD COLUMN try_anyway boolean NOT NULL DEFAULT false;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
