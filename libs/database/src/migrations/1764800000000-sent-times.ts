import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Messages are found by when they were sent: what WeChat told, and what keys with limits imported. Built beside 2,500,000
 * messages, they take some seconds, in which none is written.
 */
export class SentTimes1764800000000 implements MigrationInterface {
  name = 'SentTimes1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX mass_messages_sent_idx ON mass_messages (finished_at, msg_id, merchant_id);
      CREATE INDEX limited_imports_sent_idx ON limited_imports (limits_id, sent_at, msg_id, merchant_id);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
