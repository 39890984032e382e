import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A key that signs no more keeps no private part: whoever stole it could sign with it, as of a time when it was
 * good. A process of the release before that retires a key leaves its private part; the next rotation erases it.
 */
export class RetiredProofKeys1764760000000 implements MigrationInterface {
  name = 'RetiredProofKeys1764760000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE proof_keys ALTER COLUMN private_key_sealed DROP NOT NULL,
        ADD CONSTRAINT proof_keys_current_check CHECK (retired_at IS NOT NULL OR private_key_sealed IS NOT NULL);
      UPDATE proof_keys SET private_key_sealed = NULL WHERE retired_at IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
