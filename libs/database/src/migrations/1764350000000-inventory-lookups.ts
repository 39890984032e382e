import type { MigrationInterface, QueryRunner } from 'typeorm';

export class InventoryLookups1764350000000 implements MigrationInterface {
  name = 'InventoryLookups1764350000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- mid and idx are counted per account, so that those of many agree.
      DROP INDEX mass_message_articles_address_idx;
      CREATE INDEX mass_message_articles_address_idx ON mass_message_articles (mid, idx, sn);
      -- Pages of all merchants' messages, newest first.
      CREATE INDEX mass_messages_page_idx ON mass_messages (msg_id, merchant_id);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
