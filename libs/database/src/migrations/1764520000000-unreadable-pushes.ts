import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Pushes that WeChat has signed and that cannot be read are recorded too. */
export class UnreadablePushes1764520000000 implements MigrationInterface {
  name = 'UnreadablePushes1764520000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE callback_events DROP CONSTRAINT callback_events_state_check,
        ADD CONSTRAINT callback_events_state_check CHECK (state IN ('pending', 'done', 'failed', 'unreadable'));
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
