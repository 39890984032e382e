import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Browsers that are signed in, and the links that sign in once. */
export class Sessions1764730000000 implements MigrationInterface {
  name = 'Sessions1764730000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        token_hash text NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE,
        api_key_id uuid NOT NULL CONSTRAINT sessions_api_key_id_fkey REFERENCES api_keys,
        ip text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX sessions_api_key_idx ON sessions (api_key_id, id);
      CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);
      CREATE TABLE sign_in_tokens (
        token_hash text PRIMARY KEY,
        api_key_id uuid NOT NULL CONSTRAINT sign_in_tokens_api_key_id_fkey REFERENCES api_keys,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX sign_in_tokens_expires_at_idx ON sign_in_tokens (expires_at);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
