import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A deletion is changed when it leaves its lane, is claimed and ends; a call when it is answered. With room left on its page a
 * change of no indexed column touches no index.
 */
export class RoomForUpdates1764348000000 implements MigrationInterface {
  name = 'RoomForUpdates1764348000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE deletions SET (fillfactor = 80);
      ALTER TABLE deletion_attempts SET (fillfactor = 70);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
