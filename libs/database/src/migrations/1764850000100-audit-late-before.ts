import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Those of before the trigger: it reads the whole log once, and nobody waits for it. */
export class AuditLateBefore1764850000100 implements MigrationInterface {
  name = 'AuditLateBefore1764850000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO audit_late (seq, at)
      SELECT seq, at FROM (SELECT seq, at, max(at) OVER (ORDER BY seq) AS newest FROM audit_events) AS those
      WHERE at < newest - interval '1 minute'
      ON CONFLICT DO NOTHING;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
