import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a master key is known by: a text that opens with it alone. The indexes tell by which keys anything is sealed, in a step
 * for each key; where only a pending row holds a secret, the index of those will do.
 */
export class MasterKeys1764600000000 implements MigrationInterface {
  name = 'MasterKeys1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE master_key_checks (
        key_id text PRIMARY KEY,
        sealed text NOT NULL
      );
      CREATE INDEX merchants_sealed_key_idx ON merchants (split_part(refresh_token_sealed, '.', 2))
        WHERE refresh_token_sealed IS NOT NULL;
      CREATE INDEX access_tokens_sealed_key_idx ON access_tokens (split_part(token_sealed, '.', 2))
        WHERE token_sealed IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
