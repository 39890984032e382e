import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A deletion leaves its lane long after the request that asked for it has ended: with this, its trace goes on then. Null
 * where nobody traces, which takes no room. Processes of the release before leave it alone.
 */
export class DeletionTraces1764820000000 implements MigrationInterface {
  name = 'DeletionTraces1764820000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deletions ADD COLUMN traceparent text');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
