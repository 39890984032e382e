import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tells what WeChat told from what was imported, and keeps apart what keys with limits imported. What an older release left without
 * a source counts for nobody. A takedown keeps the address that it asked for also where the deletion was there before.
 */
export class ImportSources1764610000000 implements MigrationInterface {
  name = 'ImportSources1764610000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE mass_messages ADD COLUMN import_counts boolean NOT NULL DEFAULT false;
      ALTER TABLE mass_message_articles ADD COLUMN source text
        CONSTRAINT mass_message_articles_source_check CHECK (source IN ('wechat', 'import'));
      ALTER TABLE merchants ADD COLUMN biz_source text
        CONSTRAINT merchants_biz_source_check CHECK (biz_source IN ('wechat', 'import'));
      ALTER TABLE takedown_links ADD COLUMN asked_url text;

      CREATE TABLE import_limits (
        id text PRIMARY KEY,
        platforms text[],
        merchants text[]
      );
      CREATE TABLE limited_imports (
        limits_id text NOT NULL CONSTRAINT limited_imports_limits_id_fkey REFERENCES import_limits,
        merchant_id uuid NOT NULL CONSTRAINT limited_imports_merchant_id_fkey REFERENCES merchants,
        msg_id bigint NOT NULL,
        label text,
        title text,
        sent_at timestamptz,
        PRIMARY KEY (merchant_id, msg_id, limits_id)
      );
      CREATE INDEX limited_imports_label_idx ON limited_imports (label, merchant_id, msg_id) WHERE label IS NOT NULL;
      CREATE INDEX limited_imports_limits_idx ON limited_imports (limits_id, msg_id, merchant_id);
      CREATE TABLE limited_import_articles (
        limits_id text NOT NULL,
        merchant_id uuid NOT NULL,
        msg_id bigint NOT NULL,
        article_idx integer NOT NULL,
        url text,
        mid text,
        idx integer,
        sn text,
        short_id text,
        title text,
        PRIMARY KEY (merchant_id, msg_id, limits_id, article_idx),
        CONSTRAINT limited_import_articles_import_fkey FOREIGN KEY (merchant_id, msg_id, limits_id) REFERENCES limited_imports
      );
      CREATE INDEX limited_import_articles_material_idx ON limited_import_articles (merchant_id, mid, idx);
      CREATE INDEX limited_import_articles_address_idx ON limited_import_articles (mid, idx, sn);
      CREATE INDEX limited_import_articles_short_idx ON limited_import_articles (short_id) WHERE short_id IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
