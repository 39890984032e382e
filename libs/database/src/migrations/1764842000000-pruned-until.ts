import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Up to which moment deletions that ended may have been pruned: an export of a period that begins earlier would not be
 * whole. Nothing was pruned before, and processes of the release before do not read it.
 */
export class PrunedUntil1764842000000 implements MigrationInterface {
  name = 'PrunedUntil1764842000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE deletion_tally_marks ADD COLUMN pruned_until timestamptz`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
