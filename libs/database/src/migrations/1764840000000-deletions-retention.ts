import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deletions that ended long ago go, and what they made known of their target stays in `gone_targets`. A takedown links
 * such a target by the id that its deletion had, so the links have no foreign key to deletions any more. A takedown
 * that goes is hidden first, for its links and rejections go in small steps. Processes of the release before neither
 * write nor read what is new, and delete nothing.
 */
export class DeletionsRetention1764840000000 implements MigrationInterface {
  name = 'DeletionsRetention1764840000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE gone_targets (
        id uuid NOT NULL,
        merchant_id uuid NOT NULL,
        msg_id bigint,
        target_key text NOT NULL,
        proof text NOT NULL,
        created_at timestamptz NOT NULL,
        finished_at timestamptz NOT NULL,
        CONSTRAINT gone_targets_pkey PRIMARY KEY (id),
        CONSTRAINT gone_targets_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants (id)
      );
      CREATE INDEX gone_targets_target_idx ON gone_targets (merchant_id, target_key);
      CREATE INDEX gone_targets_told_idx ON gone_targets (merchant_id, msg_id) WHERE proof = 'verified';
      ALTER TABLE takedown_links DROP CONSTRAINT takedown_links_deletion_id_fkey;
      ALTER TABLE takedowns ADD COLUMN forgotten_at timestamptz;
      CREATE INDEX takedowns_finished_idx ON takedowns (finished_at)
        WHERE finished_at IS NOT NULL AND forgotten_at IS NULL;
      CREATE INDEX takedowns_forgotten_idx ON takedowns (id) WHERE forgotten_at IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
