import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What merchants see of the provider on the authorization pages. Processes of the release before leave it alone. */
export class ProviderPages1764771000000 implements MigrationInterface {
  name = 'ProviderPages1764771000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE platforms
        ADD COLUMN provider_name text,
        ADD COLUMN provider_logo bytea,
        ADD COLUMN provider_logo_type text,
        ADD COLUMN return_urls text[] NOT NULL DEFAULT '{}',
        ADD COLUMN return_url text
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
