import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The acts that were chained more than a minute after a later one. Of all others, a time tells the number from which on
 * there are none of before: a page that ends at a time is found by an index. A trigger notes them, so that processes of
 * the last release do as well, by the right of the tables' owner, who alone writes here.
 */
export class AuditLate1764850000000 implements MigrationInterface {
  name = 'AuditLate1764850000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_late (
        seq bigint PRIMARY KEY,
        at timestamptz NOT NULL
      );
      CREATE INDEX audit_late_at_idx ON audit_late (at);
      CREATE FUNCTION note_late_acts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        -- Whoever adds rows holds the lock of the chain: all rows with smaller numbers are there.
        INSERT INTO public.audit_late (seq, at)
        SELECT seq, at FROM (
          SELECT seq, at, GREATEST(max(at) OVER (ORDER BY seq), (
            SELECT at FROM public.audit_events WHERE seq < (SELECT min(seq) FROM made) ORDER BY at DESC LIMIT 1
          )) AS newest FROM made
        ) AS those WHERE at < newest - interval '1 minute';
        RETURN NULL;
      END $$;
      CREATE TRIGGER audit_events_late AFTER INSERT ON audit_events REFERENCING NEW TABLE AS made
        FOR EACH STATEMENT EXECUTE FUNCTION note_late_acts();
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
