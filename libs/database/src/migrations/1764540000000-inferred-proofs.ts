import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A deletion whose answer was lost, and of which a later call is told that it is gone, says that this is inferred. */
export class InferredProofs1764540000000 implements MigrationInterface {
  name = 'InferredProofs1764540000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Rows that are there satisfy it, so none has to be read.
      ALTER TABLE deletions
        DROP CONSTRAINT deletions_proof_check,
        ADD CONSTRAINT deletions_proof_check CHECK (proof IN ('none', 'acknowledged', 'verified', 'inferred')) NOT VALID;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE deletions
        DROP CONSTRAINT deletions_proof_check,
        ADD CONSTRAINT deletions_proof_check CHECK (proof IN ('none', 'acknowledged', 'verified'));
    `);
  }
}
