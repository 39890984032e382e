import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WhoHolds1764347000000 implements MigrationInterface {
  name = 'WhoHolds1764347000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Which deletion began the hold, and whether it was for want of a token: those who have one are not concerned.
      ALTER TABLE platforms
        ADD COLUMN held_by_deletion_id uuid,
        ADD COLUMN held_by_mint boolean NOT NULL DEFAULT false;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
