import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Parts of the audit log that lie in files. Their rows, and no others, may be deleted, by the owner of the tables alone.
 * Names of tables have their schema: whoever may make tables of their own would stand in front of them otherwise.
 */
export class AuditArchives1764843000000 implements MigrationInterface {
  name = 'AuditArchives1764843000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_archives (
        last_seq bigint PRIMARY KEY,
        first_seq bigint NOT NULL,
        -- The hash of the row before the first one, which is the last of the archive before.
        prev_hash text NOT NULL,
        last_hash text NOT NULL,
        rows bigint NOT NULL,
        -- With those of all archives before it.
        total_rows bigint NOT NULL,
        -- When the newest of its rows was written.
        up_to timestamptz NOT NULL,
        -- Of the file.
        sha256 text NOT NULL,
        archived_at timestamptz NOT NULL,
        -- By a key derived from that master key, over all that stands here.
        key_id text NOT NULL,
        signature text NOT NULL,
        -- Archives are one after the other: two never follow the same row.
        CONSTRAINT audit_archives_prev_hash_key UNIQUE (prev_hash)
      );
      CREATE FUNCTION refuse_audit_archive_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' THEN
          RAISE EXCEPTION 'audit_archives is append-only';
        END IF;
        IF NOT pg_has_role((SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID), 'USAGE') THEN
          RAISE insufficient_privilege USING MESSAGE = 'audit_archives is written by its owner only';
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER audit_archives_append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_archives
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_archive_change();

      DROP TRIGGER audit_events_append_only ON audit_events;
      CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
      CREATE FUNCTION refuse_audit_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NOT pg_has_role((SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID), 'USAGE') OR EXISTS (
          SELECT FROM gone WHERE seq > COALESCE((SELECT max(last_seq) FROM public.audit_archives), 0)
        ) THEN
          RAISE EXCEPTION 'audit_events is append-only: a row goes only once an archive has it';
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER audit_events_deletion AFTER DELETE ON audit_events REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_deletion();
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
