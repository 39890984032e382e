import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who asked for what, and who limited whom: keys with limits undo, and read, only their own. */
export class WhoAsked1764640000000 implements MigrationInterface {
  name = 'WhoAsked1764640000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Keys that asked for the same while it was open, beyond the limits of the key that asked first.
      ALTER TABLE deletions ADD COLUMN also_requested_by uuid[] NOT NULL DEFAULT '{}';
      -- Whose metadata an event tells.
      ALTER TABLE events ADD COLUMN requested_by uuid;
      -- Set by a key with limits. What was set before counts as set by one without: only such a key changes it.
      ALTER TABLE account_ledgers ADD COLUMN is_rate_cap boolean NOT NULL DEFAULT false;
      ALTER TABLE account_ledgers ADD COLUMN is_daily_cap boolean NOT NULL DEFAULT false;

      -- Whether a key has at most these limits; null: none. Of an unknown key only who has no limits may think so.
      CREATE FUNCTION asked_within(key_id uuid, of_platforms text[], of_merchants text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT of_platforms IS NULL AND of_merchants IS NULL OR EXISTS (
          SELECT 1 FROM api_keys k WHERE k.id = key_id
            AND (of_platforms IS NULL OR k.platforms <@ of_platforms) AND (of_merchants IS NULL OR k.merchants <@ of_merchants))
      $$;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
