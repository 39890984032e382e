import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyLimits1764310000000 implements MigrationInterface {
  name = 'KeyLimits1764310000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What a key may reach: component_appids and authorizer_appids; NULL: everything.
      ALTER TABLE api_keys ADD COLUMN platforms text[];
      ALTER TABLE api_keys ADD COLUMN merchants text[];
      ALTER TABLE api_keys ADD COLUMN expires_at timestamptz;
      ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
      ALTER TABLE api_keys ADD COLUMN created_by uuid;
      ALTER TABLE api_keys ADD CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES api_keys (id);
      -- From the settings: a new one takes the place of the one before.
      ALTER TABLE api_keys ADD COLUMN is_bootstrap boolean NOT NULL DEFAULT false;
      UPDATE api_keys SET is_bootstrap = true WHERE name = 'bootstrap';

      -- Whom an act was about. Rows from before have neither; their hashes are over what they have.
      ALTER TABLE audit_events ADD COLUMN component_appid text;
      ALTER TABLE audit_events ADD COLUMN authorizer_appid text;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
