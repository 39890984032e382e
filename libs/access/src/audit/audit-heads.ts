import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, type Sql } from '@app/database';
import { SecretBox } from '@app/vault';
import { CHAIN_START } from './audit-chain.js';
import { writeHead } from './audit-head.js';

/**
 * Notes outside of the audit log what its chain came to: in a table, and in the log of the process, which leaves the
 * house.
 */
@Injectable()
export class AuditHeads {
  private readonly logger = new Logger(AuditHeads.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly box: SecretBox,
  ) {}

  /**
   * Once an hour, whichever process comes first, also while there are no rows.
   * @returns the head that it noted, if any
   */
  async noteHourly(): Promise<string | undefined> {
    const head = await this.dataSource.transaction(async (tx) => {
      const [due] = await rows<{ at: Date }>(
        tx,
        `SELECT date_trunc('milliseconds', now()) AS at
         WHERE pg_try_advisory_xact_lock(hashtextextended('audit_heads', 0))
           AND NOT EXISTS (SELECT 1 FROM audit_heads WHERE at > now() - interval '1 hour')`,
      );
      if (!due) return undefined;
      // Rows that are archived count on, whether or not they are still here.
      const [chain] = await rows<{ count: string; hash: string | null; archived: string | null }>(
        tx,
        `SELECT count(*) AS count, (SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1) AS hash,
           (SELECT max(total_rows) FROM audit_archives) AS archived
         FROM audit_events WHERE seq > COALESCE((SELECT max(last_seq) FROM audit_archives), 0)`,
      );
      const count = Number(chain?.count ?? 0) + Number(chain?.archived ?? 0);
      const text = writeHead({ at: due.at, rows: count, hash: chain?.hash ?? CHAIN_START }, this.box);
      await tx.query(`INSERT INTO audit_heads (at, head) VALUES ($1, $2)`, [due.at, text]);
      return text;
    });
    if (head) this.logger.log('audit head', { head });
    return head;
  }

  /** The last that was noted. */
  static async newest(sql: Sql): Promise<{ at: Date; head: string } | undefined> {
    const [head] = await rows<{ at: Date; head: string }>(
      sql,
      `SELECT at, head FROM audit_heads ORDER BY at DESC LIMIT 1`,
    );
    return head;
  }

  /** Oldest first. */
  static async noted(sql: Sql): Promise<string[]> {
    return (await rows<{ head: string }>(sql, `SELECT head FROM audit_heads ORDER BY at`)).map(({ head }) => head);
  }
}
