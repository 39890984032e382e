import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a platform was last examined: that asks WeChat, and is done once a minute. */
export class Doctor1764740000000 implements MigrationInterface {
  name = 'Doctor1764740000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE platforms ADD COLUMN examine_asked_at timestamptz`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
