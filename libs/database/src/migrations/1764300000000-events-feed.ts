import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events can be read in the order in which they became visible, and tell of deletions and takedowns too. */
export class EventsFeed1764300000000 implements MigrationInterface {
  name = 'EventsFeed1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A UUID of version 7 as of now, for rows that SQL makes; Postgres has its own from version 18.
      CREATE FUNCTION new_event_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
        SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
      $$;

      -- The 64-bit id of this transaction, which never wraps, as a number that TypeORM knows.
      CREATE FUNCTION current_txid() RETURNS bigint LANGUAGE sql VOLATILE AS $$
        SELECT pg_current_xact_id()::text::bigint
      $$;

      ALTER TABLE events
        ALTER COLUMN id SET DEFAULT new_event_id(),
        -- Webhooks and takedowns belong to no single platform.
        ALTER COLUMN platform_id DROP NOT NULL,
        ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY,
        ADD COLUMN txid bigint NOT NULL DEFAULT current_txid(),
        ADD COLUMN deletion_id uuid,
        ADD COLUMN takedown_id uuid;
      CREATE INDEX events_feed_idx ON events (txid, seq);
      CREATE INDEX events_takedown_idx ON events (takedown_id, txid, seq) WHERE takedown_id IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
