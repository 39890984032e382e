import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A takedown that is undone leaves the deletions of others as they were, and those that others count on go on. */
export class UndoneTakedowns1764351000000 implements MigrationInterface {
  name = 'UndoneTakedowns1764351000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE takedowns ADD COLUMN hastens_at timestamptz;
      -- Asked of every deletion that a cancel stops: who else counts on it?
      CREATE INDEX takedown_links_deletion_idx ON takedown_links (deletion_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX takedown_links_deletion_idx;
      ALTER TABLE takedowns DROP COLUMN hastens_at;
    `);
  }
}
