import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many deletions ended how, in steps of five minutes. A sweep counts the last month when it first runs. The index
 * finds what ended since; for its second condition, see EndedLists1764785000000. Built beside 5,000,000 deletions, it takes about half a minute.
 */
export class DeletionTallies1764770000000 implements MigrationInterface {
  name = 'DeletionTallies1764770000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE deletion_tallies (
        at timestamptz NOT NULL,
        platform_id uuid NOT NULL,
        state text NOT NULL,
        outcome_code text NOT NULL,
        count integer NOT NULL,
        CONSTRAINT deletion_tallies_pkey PRIMARY KEY (at, platform_id, state, outcome_code)
      );
      CREATE TABLE deletion_tally_marks (
        is_only boolean NOT NULL DEFAULT true,
        tallied_until timestamptz NOT NULL,
        swept_at timestamptz,
        CONSTRAINT deletion_tally_marks_pkey PRIMARY KEY (is_only),
        CONSTRAINT deletion_tally_marks_only_check CHECK (is_only)
      );
      INSERT INTO deletion_tally_marks (tallied_until) VALUES (date_trunc('hour', now()) - interval '31 days');
      CREATE INDEX deletions_finished_idx ON deletions (finished_at)
        WHERE finished_at IS NOT NULL AND created_at > '-infinity';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
