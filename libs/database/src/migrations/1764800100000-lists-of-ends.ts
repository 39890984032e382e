import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deletions in a state are listed by when they ended, and those of a takedown by how they ended. The first index is for
 * lists alone: hence its second condition, which always holds. Built beside 5,000,000 deletions, they take some seconds, in
 * which nothing is written.
 */
export class ListsOfEnds1764800100000 implements MigrationInterface {
  name = 'ListsOfEnds1764800100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX deletions_ended_at_idx ON deletions (state, finished_at, id)
        WHERE finished_at IS NOT NULL AND created_at > '-infinity';
      CREATE INDEX deletions_takedown_outcome_idx ON deletions (takedown_id, outcome_code, id)
        WHERE takedown_id IS NOT NULL AND finished_at IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
