import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { MAX_REFRESH_AHEAD_MS, refreshAheadMs } from '@app/merchants';
import { IS_PLATFORM_HELD } from '../lanes/hold-conditions.js';

/** Which tokens runs will need before long. */
@Injectable()
export class TokensToRefresh {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Merchants for whom deletions wait or come soon, and whose access token works but ends before long.
   * @returns ids, those whose token ends first in front
   */
  async merchantsToRefresh(now: Date): Promise<string[]> {
    const found = await rows<{ id: string; expiresAt: Date }>(
      this.dataSource,
      `SELECT m.id, t.expires_at AS "expiresAt" FROM access_tokens t JOIN merchants m ON m.id = t.holder_id
       WHERE t.token_sealed IS NOT NULL AND t.expires_at > now() AND t.expires_at < now() + $1 * interval '1 ms'
         AND m.state = 'authorized' AND NOT ${IS_PLATFORM_HELD} AND EXISTS (
           SELECT 1 FROM deletions d
           WHERE d.merchant_id = m.id AND d.finished_at IS NULL AND d.ready_at < now() + $1 * interval '1 ms')
       ORDER BY t.expires_at LIMIT 1000`,
      [MAX_REFRESH_AHEAD_MS],
    );
    return found
      .filter(({ id, expiresAt }) => expiresAt.getTime() - now.getTime() <= refreshAheadMs(id))
      .map(({ id }) => id);
  }
}
