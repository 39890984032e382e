import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Webhooks1764320000000 implements MigrationInterface {
  name = 'Webhooks1764320000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_endpoints (
        id uuid PRIMARY KEY,
        url text NOT NULL,
        description text,
        event_types text[] NOT NULL,
        -- component_appids and authorizer_appids; null is no limit.
        platforms text[],
        merchants text[],
        secret_sealed text NOT NULL,
        previous_secret_sealed text,
        previous_secret_until timestamptz,
        state text NOT NULL DEFAULT 'enabled',
        disabled_reason text,
        failing_since timestamptz,
        last_delivered_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_endpoints_state_check CHECK (state IN ('enabled', 'disabled'))
      );

      -- One event on its way to one endpoint. json, not jsonb: the keys keep their order.
      CREATE TABLE webhook_deliveries (
        id uuid PRIMARY KEY,
        endpoint_id uuid NOT NULL,
        event_id uuid NOT NULL,
        event_type text NOT NULL,
        payload json NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        is_queued boolean NOT NULL DEFAULT false,
        resends integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        last_status integer,
        last_error text,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT webhook_deliveries_endpoint_id_fkey
          FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
        CONSTRAINT webhook_deliveries_endpoint_event_key UNIQUE (endpoint_id, event_id),
        CONSTRAINT webhook_deliveries_state_check CHECK (state IN ('pending', 'delivered', 'failed'))
      );
      CREATE INDEX webhook_deliveries_endpoint_idx ON webhook_deliveries (endpoint_id, id);
      CREATE INDEX webhook_deliveries_unqueued_idx ON webhook_deliveries (endpoint_id, id)
        WHERE state = 'pending' AND NOT is_queued;
      CREATE INDEX webhook_deliveries_queued_idx ON webhook_deliveries (endpoint_id, next_attempt_at)
        WHERE state = 'pending' AND is_queued;
      CREATE INDEX webhook_deliveries_finished_idx ON webhook_deliveries (finished_at) WHERE state <> 'pending';

      -- Up to where the events feed has become deliveries.
      CREATE TABLE webhook_feed (id integer PRIMARY KEY, cursor text NOT NULL);
      INSERT INTO webhook_feed VALUES (1, '0.0');
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
