import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Nearly every push is done as soon as it is recorded. A list of those that are done walks them by their ids, so only
 * the others need an index by state, and recording one costs an index less. Built beside 5,000,000 pushes, it takes
 * about a second, in which none is recorded; the index before it goes last, for that stops readers as well.
 */
export class PushesNotDone1764788000000 implements MigrationInterface {
  name = 'PushesNotDone1764788000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX callback_events_not_done_idx ON callback_events (state, id) WHERE state <> 'done';
      DROP INDEX callback_events_state_idx;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
