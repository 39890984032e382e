import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deletions with an errcode are listed by when they ended, and those of a takedown by their ids. Without an index that
 * has both the errcode and the order, a page of a rare errcode walks past all other deletions in that order. The first
 * index is for lists alone: hence its second condition, which always holds. Built beside 10,000,000 deletions, they
 * take some ten seconds, in which nothing is written.
 */
export class ErrcodeLists1764851000000 implements MigrationInterface {
  name = 'ErrcodeLists1764851000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX deletions_errcode_ended_idx ON deletions (outcome_errcode, finished_at, id)
        WHERE outcome_errcode IS NOT NULL AND finished_at IS NOT NULL AND created_at > '-infinity';
      CREATE INDEX deletions_errcode_takedown_idx ON deletions (outcome_errcode, takedown_id, id)
        WHERE outcome_errcode IS NOT NULL AND takedown_id IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
