import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was deleted is answered from here, without a call, and told apart from what is being deleted. */
export class KnownGone1764530000000 implements MigrationInterface {
  name = 'KnownGone1764530000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- First, for it takes the strongest lock of all.
      ALTER TABLE deletions ADD COLUMN asked_url text;
      -- Asked of every wish: was that deleted before?
      CREATE INDEX deletions_gone_idx ON deletions (merchant_id, target_key) WHERE state = 'succeeded';
      ALTER TABLE takedowns ADD COLUMN already_deleted integer NOT NULL DEFAULT 0;
      ALTER TABLE takedown_items ADD COLUMN asked_url text, ADD COLUMN asked_key text,
        ADD COLUMN again boolean NOT NULL DEFAULT false;
      ALTER TABLE takedown_links ADD COLUMN was_deleted boolean NOT NULL DEFAULT false;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
