import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The log of all endpoints finds the deliveries of a type of event without reading the others. */
export class DeliveriesByType1764710000000 implements MigrationInterface {
  name = 'DeliveriesByType1764710000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX webhook_deliveries_type_idx ON webhook_deliveries (endpoint_id, event_type, state, id)`,
    );
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
