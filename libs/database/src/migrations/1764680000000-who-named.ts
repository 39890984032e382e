import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who named a merchant, and whose links are counted together. */
export class WhoNamed1764680000000 implements MigrationInterface {
  name = 'WhoNamed1764680000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A key with limits changes only a name that was given within them. One of before counts as the provider's.
      ALTER TABLE merchants ADD COLUMN ref_set_by uuid;
      -- A link of before, or of a process that still runs, counts for its key alone.
      ALTER TABLE authorization_links ADD COLUMN issuer_tenant text;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
