import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the audit log's chain came to, hour by hour: a log that was cut off at its end fits in itself, and not these. */
export class AuditHeads1764601000000 implements MigrationInterface {
  name = 'AuditHeads1764601000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_heads (
        at timestamptz PRIMARY KEY,
        -- As it is logged: with the time, the number of rows, the newest hash and a signature.
        head text NOT NULL
      );
      CREATE FUNCTION refuse_audit_head_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'audit_heads is append-only';
      END $$;
      CREATE TRIGGER audit_heads_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_heads
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_head_change();
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
