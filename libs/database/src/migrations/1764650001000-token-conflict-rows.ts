import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What another system's mints do to a merchant's deletions is in a table of its own: tokens know only whether they are void. */
export class TokenConflictRows1764650001000 implements MigrationInterface {
  name = 'TokenConflictRows1764650001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A process that still runs might note a refusal now, which would be missing. After this its claims fail for want of the columns.
      LOCK TABLE access_tokens IN ACCESS EXCLUSIVE MODE;
      CREATE TABLE token_conflicts (
        merchant_id uuid PRIMARY KEY,
        refused integer NOT NULL DEFAULT 0,
        since timestamptz,
        until timestamptz,
        voids timestamptz[] NOT NULL DEFAULT '{}',
        voids_told_at timestamptz,
        CONSTRAINT token_conflicts_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants (id)
      );
      INSERT INTO token_conflicts (merchant_id, refused, since, until, voids, voids_told_at)
      SELECT m.id, t.conflicts, t.conflict_since, t.conflict_until, t.voids, t.voids_told_at
      FROM access_tokens t JOIN merchants m ON m.id = t.holder_id WHERE t.conflicts > 0 OR t.voids <> '{}';
      ALTER TABLE access_tokens
        DROP COLUMN conflicts,
        DROP COLUMN conflict_since,
        DROP COLUMN conflict_until,
        DROP COLUMN voids,
        DROP COLUMN voids_told_at;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
