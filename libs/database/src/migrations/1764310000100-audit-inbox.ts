import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AuditInbox1764310000100 implements MigrationInterface {
  name = 'AuditInbox1764310000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Acts that are not chained yet. A row is written in the transaction of its act, without waiting for others, and moves
      -- to audit_events within seconds.
      CREATE TABLE audit_inbox (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        api_key_id uuid NOT NULL,
        role text NOT NULL,
        action text NOT NULL,
        subject_type text NOT NULL,
        subject_id text NOT NULL,
        component_appid text,
        authorizer_appid text,
        request_id text NOT NULL,
        ip text NOT NULL,
        data jsonb NOT NULL
      );

      CREATE INDEX audit_events_subject_idx ON audit_events (subject_id, seq);
      CREATE INDEX audit_events_api_key_idx ON audit_events (api_key_id, seq);
      CREATE INDEX audit_events_at_idx ON audit_events (at);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
