import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What metrics are read from: how many deletions ended how since the first tally, which only grows as a counter must;
 * figures that one process counts for all; and since when the lane of a deletion was due for it. The totals begin with
 * what is tallied.
 */
export class Metrics1764810000000 implements MigrationInterface {
  name = 'Metrics1764810000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE deletion_totals (
        state text NOT NULL,
        outcome_code text NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT deletion_totals_pkey PRIMARY KEY (state, outcome_code)
      );
      INSERT INTO deletion_totals (state, outcome_code, count)
        SELECT state, outcome_code, sum(count) FROM deletion_tallies GROUP BY 1, 2;
      CREATE TABLE shared_figures (
        name text NOT NULL,
        claimed_at timestamptz NOT NULL,
        counted_at timestamptz,
        value jsonb,
        CONSTRAINT shared_figures_pkey PRIMARY KEY (name)
      );
      ALTER TABLE deletions ADD COLUMN due_at timestamptz;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
