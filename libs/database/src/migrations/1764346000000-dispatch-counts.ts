import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each dispatch of a deletion has a job of its own; a lane knows when WeChat last said that its quota is spent. */
export class DispatchCounts1764346000000 implements MigrationInterface {
  name = 'DispatchCounts1764346000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE deletions ADD COLUMN dispatches integer NOT NULL DEFAULT 0;
      ALTER TABLE merchant_pacing ADD COLUMN spent_said_at timestamptz;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
