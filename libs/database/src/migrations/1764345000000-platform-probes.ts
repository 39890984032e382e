import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PlatformProbes1764345000000 implements MigrationInterface {
  name = 'PlatformProbes1764345000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whose next deletion shows whether a held platform works again, and which one that is once it left its lane.
      ALTER TABLE platforms
        ADD COLUMN held_errcode integer,
        ADD COLUMN probe_merchant_id uuid,
        ADD COLUMN probe_deletion_id uuid;

      -- Accepted whole messages that WeChat is asked about later.
      ALTER TABLE deletions ADD COLUMN verify_at timestamptz, ADD COLUMN verify_tries integer NOT NULL DEFAULT 0;
      CREATE INDEX deletions_verify_idx ON deletions (verify_at) WHERE verify_at IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
