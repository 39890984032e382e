import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows, type Sql } from '@app/database';
import { SecretBox } from '@app/vault';
import { AuditArchives, endOf } from './audit-archives.js';
import { CHAIN_START, type ChainPlace } from './audit-chain.js';
import { isSigned, readHead, writeHead } from './audit-head.js';

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
    // As the chain was at one moment, so that the number and the hash are of the same rows.
    const head = await this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const [due] = await rows<{ at: Date }>(
        tx,
        `SELECT date_trunc('milliseconds', now()) AS at
         WHERE pg_try_advisory_xact_lock(hashtextextended('audit_heads', 0))
           AND NOT EXISTS (SELECT 1 FROM audit_heads WHERE at > now() - interval '1 hour')`,
      );
      if (!due) return undefined;
      const from = await this.counted(tx);
      const [chain] = await rows<{ count: string; hash: string | null }>(
        tx,
        `SELECT count(*) AS count, (SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1) AS hash
         FROM audit_events WHERE seq > $1`,
        [from.seq],
      );
      const count = from.rows + Number(chain?.count ?? 0);
      const text = writeHead({ at: due.at, rows: count, hash: chain?.hash ?? CHAIN_START }, this.box);
      await tx.query(`INSERT INTO audit_heads (at, head) VALUES ($1, $2)`, [due.at, text]);
      return text;
    });
    if (head) this.logger.log('audit head', { head });
    return head;
  }

  /**
   * Up to where the rows are counted already: to the row of the newest head, where this service has signed that and the
   * chain has the row, or else to the end of what is archived. What a head counted wrongly, `lookAtChain` finds.
   */
  private async counted(tx: EntityManager): Promise<ChainPlace> {
    const archived = endOf(await AuditArchives.newest(tx));
    const head = readHead((await AuditHeads.newest(tx))?.head ?? '');
    if (!head || head.rows <= archived.rows || isSigned(head, this.box) !== true) return archived;
    const seq = await seqOf(tx, head.hash);
    return seq === undefined ? archived : { seq, rows: head.rows, hash: head.hash };
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

/** Hashes have no index. The row after it names it, and is found by one; the newest row has none after it. */
async function seqOf(tx: EntityManager, hash: string): Promise<string | undefined> {
  const [row] = await rows<{ seq: string; hash: string }>(
    tx,
    `SELECT seq, hash FROM audit_events
     WHERE seq < COALESCE((SELECT seq FROM audit_events WHERE prev_hash = $1), 9223372036854775807)
     ORDER BY seq DESC LIMIT 1`,
    [hash],
  );
  return row?.hash === hash ? row.seq : undefined;
}
