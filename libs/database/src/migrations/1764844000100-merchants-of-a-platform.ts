import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Pages and searches within a platform that has few merchants among many, in their order. */
export class MerchantsOfAPlatform1764844000100 implements MigrationInterface {
  name = 'MerchantsOfAPlatform1764844000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX merchants_platform_idx ON merchants (platform_id, id)');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
