import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Of one merchant, or of each of a few, messages are found by when they were sent. Built beside 5,000,000 messages, they
 * take some seconds, in which none is written.
 */
export class SentTimesOfMerchants1764852000000 implements MigrationInterface {
  name = 'SentTimesOfMerchants1764852000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX mass_messages_merchant_sent_idx ON mass_messages (merchant_id, finished_at, msg_id);
      CREATE INDEX limited_imports_merchant_sent_idx ON limited_imports (merchant_id, sent_at, msg_id);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
