import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The keys that exports are signed with. New, so processes of the release before neither see nor miss it. */
export class ProofKeys1764700000000 implements MigrationInterface {
  name = 'ProofKeys1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE proof_keys (
        id uuid PRIMARY KEY,
        -- The key's fingerprint, by which signatures name it.
        kid text NOT NULL CONSTRAINT proof_keys_kid_key UNIQUE,
        public_key text NOT NULL,
        private_key_sealed text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        retired_at timestamptz,
        -- Somebody else may have signed with it.
        revoked_at timestamptz
      );
      -- One at a time signs.
      CREATE UNIQUE INDEX proof_keys_current_idx ON proof_keys ((retired_at IS NULL)) WHERE retired_at IS NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
