import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may hear of what is about no single platform or merchant, such as a takedown. */
export class EventScopes1764321000000 implements MigrationInterface {
  name = 'EventScopes1764321000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE events ADD COLUMN scope_platforms text[], ADD COLUMN scope_merchants text[]`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
