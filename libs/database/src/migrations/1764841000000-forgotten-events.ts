import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The feed knows up to where its events are kept no more, and codes and states of old authorizations are found by an index. A process of
 * the release before forgets events without noting it: its readers are told as before, by nothing.
 */
export class ForgottenEvents1764841000000 implements MigrationInterface {
  name = 'ForgottenEvents1764841000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE forgotten_events (id integer PRIMARY KEY, txid bigint NOT NULL, seq bigint NOT NULL);
      INSERT INTO forgotten_events VALUES (1, 0, 0);
      CREATE INDEX authorization_codes_created_at_idx ON authorization_codes (created_at);
      CREATE INDEX used_authorization_states_used_at_idx ON used_authorization_states (used_at);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
