import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An account whose tokens another system makes void before their time, again and again, is told of although its deletions go on. */
export class EarlyVoids1764590000000 implements MigrationInterface {
  name = 'EarlyVoids1764590000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE access_tokens
        ADD COLUMN void_at timestamptz,
        ADD COLUMN voids timestamptz[] NOT NULL DEFAULT '{}',
        ADD COLUMN voids_told_at timestamptz;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE access_tokens DROP COLUMN void_at, DROP COLUMN voids, DROP COLUMN voids_told_at`);
  }
}
