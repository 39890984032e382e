import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The progress of a takedown with many deletions, as somebody last found it out. Processes of the release before find it
 * out themselves.
 */
export class KeptProgress1764792000000 implements MigrationInterface {
  name = 'KeptProgress1764792000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE takedowns
        ADD COLUMN progress jsonb,
        ADD COLUMN progress_sought_at timestamptz
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
