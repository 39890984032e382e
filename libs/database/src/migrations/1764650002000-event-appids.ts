import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events know the names of their platform and merchant, which never change, and need not be joined with them to be read. */
export class EventAppids1764650002000 implements MigrationInterface {
  name = 'EventAppids1764650002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Locks the table to the end, so that nothing is written without names while those that are there get theirs. What a process
      -- that still runs writes after that has none: readers without limits see it without them, and limited ones do not.
      ALTER TABLE events ADD COLUMN component_appid text, ADD COLUMN authorizer_appid text;
      UPDATE events e SET
        component_appid = (SELECT p.component_appid FROM platforms p WHERE p.id = e.platform_id),
        authorizer_appid = (SELECT m.authorizer_appid FROM merchants m WHERE m.id = e.merchant_id)
      WHERE e.platform_id IS NOT NULL OR e.merchant_id IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
