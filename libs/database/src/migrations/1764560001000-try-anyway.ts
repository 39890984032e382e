import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deletions for which WeChat is asked whatever our facts say, until it has answered. */
export class TryAnyway1764560001000 implements MigrationInterface {
  name = 'TryAnyway1764560001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE deletions ADD COLUMN try_anyway boolean NOT NULL DEFAULT false;
      ALTER TABLE merchants ADD COLUMN taught_at timestamptz;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
