import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What holds a platform's deletions is in a table of its own, which has a row for each platform that is held. */
export class PlatformHolds1764650000000 implements MigrationInterface {
  name = 'PlatformHolds1764650000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A process that still runs might begin a hold now, which would be missing. After this its claims and dispatches fail for want of
      -- the columns, so it makes no calls past a hold; what it had under way is found and taken up by those that know the table.
      LOCK TABLE platforms IN ACCESS EXCLUSIVE MODE;
      CREATE TABLE platform_holds (
        platform_id uuid PRIMARY KEY,
        since timestamptz NOT NULL DEFAULT now(),
        reason text NOT NULL,
        errcode integer,
        is_of_mint boolean NOT NULL DEFAULT false,
        begun_by uuid,
        mended_at timestamptz,
        probe_at timestamptz NOT NULL,
        probes integer NOT NULL DEFAULT 0,
        probe_merchant_id uuid,
        probe_deletion_id uuid,
        CONSTRAINT platform_holds_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platforms (id) ON DELETE CASCADE
      );
      -- What was mended before has ended its pause already.
      INSERT INTO platform_holds (platform_id, since, reason, errcode, is_of_mint, begun_by, mended_at, probe_at, probes, probe_merchant_id, probe_deletion_id)
      SELECT id, held_since, COALESCE(held_reason, 'unknown'), held_errcode, held_by_mint, held_by_deletion_id, now(), COALESCE(held_until, now()),
        hold_probes, probe_merchant_id, probe_deletion_id
      FROM platforms WHERE held_since IS NOT NULL;
      ALTER TABLE platforms
        DROP COLUMN held_until,
        DROP COLUMN held_reason,
        DROP COLUMN held_errcode,
        DROP COLUMN held_since,
        DROP COLUMN hold_probes,
        DROP COLUMN held_by_deletion_id,
        DROP COLUMN held_by_mint,
        DROP COLUMN probe_merchant_id,
        DROP COLUMN probe_deletion_id;
      -- A platform that is taken away takes with it what deletions keep of it.
      ALTER TABLE platform_pacing
        DROP CONSTRAINT platform_pacing_platform_id_fkey,
        ADD CONSTRAINT platform_pacing_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platforms (id) ON DELETE CASCADE;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
