import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What readiness writes, to find out whether anything can be written. */
export class Readiness1764580000000 implements MigrationInterface {
  name = 'Readiness1764580000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE readiness (
        only_row boolean PRIMARY KEY DEFAULT true,
        CONSTRAINT readiness_only_row_check CHECK (only_row),
        written_at timestamptz NOT NULL
      ) WITH (fillfactor = 10);
      INSERT INTO readiness (written_at) VALUES (now());
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE readiness`);
  }
}
