import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ForwardsAndAudit1764200000000 implements MigrationInterface {
  name = 'ForwardsAndAudit1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE platforms ADD COLUMN forward_urls text[] NOT NULL DEFAULT '{}';

      CREATE INDEX callback_events_platform_idx ON callback_events (platform_id, id);

      -- One recorded push on its way to one address. push_sealed is wiped when it is delivered or given up.
      CREATE TABLE callback_forwards (
        id uuid PRIMARY KEY,
        event_id uuid NOT NULL,
        url text NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        push_sealed text,
        attempts integer NOT NULL DEFAULT 0,
        last_status integer,
        last_error text,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT callback_forwards_event_id_fkey FOREIGN KEY (event_id) REFERENCES callback_events (id),
        CONSTRAINT callback_forwards_state_check CHECK (state IN ('pending', 'delivered', 'given_up'))
      );
      CREATE INDEX callback_forwards_event_idx ON callback_forwards (event_id);
      CREATE INDEX callback_forwards_pending_idx ON callback_forwards (next_attempt_at) WHERE state = 'pending';

      CREATE TABLE audit_events (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        api_key_id uuid NOT NULL,
        role text NOT NULL,
        action text NOT NULL,
        subject_type text NOT NULL,
        subject_id text NOT NULL,
        request_id text NOT NULL,
        ip text NOT NULL,
        data jsonb NOT NULL,
        prev_hash text NOT NULL,
        hash text NOT NULL,
        CONSTRAINT audit_events_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys (id),
        -- The chain cannot fork: two rows never follow the same one.
        CONSTRAINT audit_events_prev_hash_key UNIQUE (prev_hash)
      );

      CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'audit_events is append-only';
      END $$;
      CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
