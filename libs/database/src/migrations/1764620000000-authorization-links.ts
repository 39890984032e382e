import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Links that the provider issues, the pre-auth codes that clicks on the authorization page were given, and how many were made for
 * whom. All of it is new, so processes of the release before neither see nor miss it; with a platform it goes by itself.
 */
export class AuthorizationLinks1764620000000 implements MigrationInterface {
  name = 'AuthorizationLinks1764620000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE authorization_links (
        id uuid PRIMARY KEY,
        platform_id uuid NOT NULL CONSTRAINT authorization_links_platform_id_fkey REFERENCES platforms (id) ON DELETE CASCADE,
        ref text,
        -- The one account that it is for.
        authorizer_appid text,
        return_url text,
        is_single_use boolean NOT NULL,
        expires_at timestamptz NOT NULL,
        issued_by uuid NOT NULL,
        issuer_role text NOT NULL,
        used_at timestamptz,
        -- Of the authorization code that used it last.
        code_hash text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX authorization_links_platform_id_idx ON authorization_links (platform_id);
      CREATE INDEX authorization_links_expires_at_idx ON authorization_links (expires_at);
      CREATE TABLE pre_auth_codes (
        id uuid PRIMARY KEY,
        platform_id uuid NOT NULL CONSTRAINT pre_auth_codes_platform_id_fkey REFERENCES platforms (id) ON DELETE CASCADE,
        -- Whose clicks it is for, and nobody else's.
        taker text NOT NULL,
        code_sealed text,
        -- While it is being made.
        lease_until timestamptz,
        handed_out_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pre_auth_codes_taker_key UNIQUE (platform_id, taker)
      );
      CREATE TABLE pre_auth_budgets (
        platform_id uuid NOT NULL CONSTRAINT pre_auth_budgets_platform_id_fkey REFERENCES platforms (id) ON DELETE CASCADE,
        spender text NOT NULL,
        hour timestamptz NOT NULL,
        made integer NOT NULL,
        PRIMARY KEY (platform_id, spender)
      );
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
