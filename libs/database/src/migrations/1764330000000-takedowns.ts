import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Takedowns1764330000000 implements MigrationInterface {
  name = 'Takedowns1764330000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- scope_*: what the key was limited to that asked for it. heard_at: last sign of life of who receives or starts it.
      CREATE TABLE takedowns (
        id uuid PRIMARY KEY,
        state text NOT NULL,
        is_urgent boolean NOT NULL,
        reason text,
        metadata jsonb NOT NULL DEFAULT '{}',
        undo_seconds integer NOT NULL DEFAULT 0,
        undo_until timestamptz,
        accepted integer NOT NULL DEFAULT 0,
        already_open integer NOT NULL DEFAULT 0,
        rejected integer NOT NULL DEFAULT 0,
        cancel_code text,
        requested_by uuid NOT NULL,
        request_id text NOT NULL,
        scope_platforms text[],
        scope_merchants text[],
        heard_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        cancelled_at timestamptz,
        finished_at timestamptz,
        CONSTRAINT takedowns_state_check CHECK (state IN ('receiving', 'starting', 'running', 'finished', 'cancelled')),
        CONSTRAINT takedowns_cancel_code_check CHECK (cancel_code IN ('requested', 'upload_broken_off'))
      );
      CREATE INDEX takedowns_open_idx ON takedowns (id) WHERE finished_at IS NULL;

      -- What was received of a takedown and is not yet among the deletions. Empty once it runs.
      CREATE TABLE takedown_items (
        takedown_id uuid NOT NULL,
        line integer NOT NULL,
        deletion_id uuid NOT NULL,
        merchant_id uuid NOT NULL,
        msg_id bigint,
        article_idx integer,
        url text,
        target_key text NOT NULL,
        CONSTRAINT takedown_items_pkey PRIMARY KEY (takedown_id, line)
      );

      -- Deletions of others that a takedown found open: it counts them as its own, and does not cancel them.
      CREATE TABLE takedown_links (
        takedown_id uuid NOT NULL,
        deletion_id uuid NOT NULL,
        CONSTRAINT takedown_links_pkey PRIMARY KEY (takedown_id, deletion_id),
        CONSTRAINT takedown_links_takedown_id_fkey FOREIGN KEY (takedown_id) REFERENCES takedowns (id),
        CONSTRAINT takedown_links_deletion_id_fkey FOREIGN KEY (deletion_id) REFERENCES deletions (id)
      );

      CREATE TABLE takedown_rejections (
        takedown_id uuid NOT NULL,
        line integer NOT NULL,
        code text NOT NULL,
        detail text NOT NULL,
        excerpt text NOT NULL,
        CONSTRAINT takedown_rejections_pkey PRIMARY KEY (takedown_id, line),
        CONSTRAINT takedown_rejections_takedown_id_fkey FOREIGN KEY (takedown_id) REFERENCES takedowns (id)
      );

      -- No foreign keys: one more look per row, a million times, at rows that are never deleted.
      ALTER TABLE deletions ADD COLUMN takedown_id uuid, ADD COLUMN requested_by uuid;
      CREATE INDEX deletions_takedown_idx ON deletions (takedown_id, id) WHERE takedown_id IS NOT NULL;
      CREATE INDEX deletions_takedown_open_idx ON deletions (takedown_id) WHERE takedown_id IS NOT NULL AND finished_at IS NULL;
      CREATE INDEX deletions_msg_id_idx ON deletions (msg_id, id) WHERE msg_id IS NOT NULL;

      -- Sends may be imported, without what only WeChat's push tells.
      ALTER TABLE mass_messages ADD COLUMN label text, ADD COLUMN title text, ALTER COLUMN finished_at DROP NOT NULL;
      CREATE INDEX mass_messages_label_idx ON mass_messages (label, merchant_id, msg_id) WHERE label IS NOT NULL;

      ALTER TABLE mass_message_articles ADD COLUMN title text, ADD COLUMN short_id text, ALTER COLUMN url DROP NOT NULL;
      UPDATE mass_message_articles SET short_id = substring(url FROM '^https?://mp\\.weixin\\.qq\\.com/s/([A-Za-z0-9_-]+)');
      -- Whose an address is, when nobody says it.
      CREATE INDEX mass_message_articles_address_idx ON mass_message_articles (mid, idx);
      CREATE INDEX mass_message_articles_short_idx ON mass_message_articles (short_id) WHERE short_id IS NOT NULL;
      CREATE INDEX merchants_biz_idx ON merchants (biz) WHERE biz IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
