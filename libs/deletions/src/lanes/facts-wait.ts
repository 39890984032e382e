import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { mayAskForFacts, Merchants } from '@app/merchants';
import { IS_PLATFORM_HELD } from './hold-conditions.js';
import { wakeWaiting } from './lane-wakes.js';

/**
 * SQL over `merchants m`: nobody knows yet what its grant holds, so that a call would be a guess. The wait ends: where
 * WeChat does not tell, its answer to a delete call decides. There is less to wait for where set 7 is known to be
 * granted and only the account itself could not be read.
 */
export const AWAITS_FACTS = `(m.facts_read_at IS NULL AND m.state = 'authorized' AND COALESCE(
  m.facts_failing_since > now() - CASE WHEN m.permission_sets IS NULL THEN interval '30 min' ELSE interval '1 min' END,
  m.permission_sets IS NULL))`;

/** How often a lane that waits for facts is looked at: their reading wakes it. */
export const FACTS_LOOK = `interval '10 s'`;

/** Merchants whose deletions wait until their account has been read. */
@Injectable()
export class FactsWait {
  constructor(
    private readonly dataSource: DataSource,
    private readonly merchants: Merchants,
  ) {}

  /**
   * Claims merchants with something in their lane whose facts are to be read now, and can be. They come in turn,
   * whichever process claims them.
   * @returns their ids
   */
  async claim(limit: number): Promise<string[]> {
    const waiting = await rows<{ id: string }>(
      this.dataSource,
      `SELECT m.id
       FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id JOIN platforms pl ON pl.id = m.platform_id
       WHERE p.due_at IS NOT NULL AND NOT ${IS_PLATFORM_HELD} AND pl.ticket_sealed IS NOT NULL
         AND ${AWAITS_FACTS} AND ${mayAskForFacts('m')}
       ORDER BY m.facts_asked_at NULLS FIRST, m.id LIMIT $1`,
      [limit],
    );
    return this.merchants.claimForFactsAmong(waiting.map(({ id }) => id));
  }

  /** Something was learned of the merchant: its deletions need not wait for the next look. */
  async wake(merchantId: string): Promise<void> {
    await wakeWaiting(this.dataSource, merchantId);
  }
}
