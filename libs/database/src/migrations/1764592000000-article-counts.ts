import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many articles a message has, where WeChat has said so: the inventory may know fewer. */
export class ArticleCounts1764592000000 implements MigrationInterface {
  name = 'ArticleCounts1764592000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE mass_messages ADD COLUMN article_count integer`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
