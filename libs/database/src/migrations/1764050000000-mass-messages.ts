import type { MigrationInterface, QueryRunner } from 'typeorm';

export class MassMessages1764050000000 implements MigrationInterface {
  name = 'MassMessages1764050000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE merchants ADD COLUMN biz text;
      CREATE INDEX callback_events_received_at_idx ON callback_events (received_at);

      CREATE TABLE mass_messages (
        merchant_id uuid NOT NULL,
        msg_id bigint NOT NULL,
        status text NOT NULL,
        status_code integer,
        total_count integer,
        filter_count integer,
        sent_count integer,
        error_count integer,
        finished_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT mass_messages_pkey PRIMARY KEY (merchant_id, msg_id),
        CONSTRAINT mass_messages_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants (id)
      );

      CREATE TABLE mass_message_articles (
        merchant_id uuid NOT NULL,
        msg_id bigint NOT NULL,
        article_idx integer NOT NULL,
        url text NOT NULL,
        mid text,
        idx integer,
        sn text,
        CONSTRAINT mass_message_articles_pkey PRIMARY KEY (merchant_id, msg_id, article_idx),
        CONSTRAINT mass_message_articles_message_fkey FOREIGN KEY (merchant_id, msg_id)
          REFERENCES mass_messages (merchant_id, msg_id)
      );
      -- Sends that share an article share its mid and idx: deleting one deletes the page of all.
      CREATE INDEX mass_message_articles_material_idx ON mass_message_articles (merchant_id, mid, idx);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
