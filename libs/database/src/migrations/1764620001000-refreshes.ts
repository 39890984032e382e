import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When somebody last asked for a merchant's facts to be read anew: once a minute is enough. */
export class Refreshes1764620001000 implements MigrationInterface {
  name = 'Refreshes1764620001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE merchants ADD COLUMN refresh_asked_at timestamptz`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
