import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows } from '@app/database';
import { SURELY_REFUSED } from '@app/merchants';
import { AWAITS_FACTS } from '../lanes/facts-wait.js';
import { IS_PLATFORM_HELD } from '../lanes/hold-conditions.js';
import { isReadyInLane } from '../deletion/conditions.js';
import { cleared, learn, returnClear, spendClear, type QuotaAnswer } from '../pacing/lane.js';
import { lockLane, saveLanes } from '../lanes/lane-rows.js';
import { wakeSiblings } from '../lanes/lane-wakes.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';
import type { Rate } from '../pacing/rate.js';

/** A call that ended so lately may not be in the answer: asking takes less than that. */
const SINCE_ASKED_S = 60;
const ASKED_AT_MOST_EVERY_MS = 60_000;
/** SQL over a lane `p`: today's calls are used up, for normal deletions at least. */
const IS_SPENT = `COALESCE(p.blocked_for = 'daily_quota' AND p.blocked_until > now(), false)`;
const START_OF_DAY = `(date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai')`;

/** Enters into accounts' ledgers what WeChat says of their quota. */
@Injectable()
export class QuotaLedgers {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /**
   * Claims merchants whose quota is to be asked for: deletions wait in their lane, and today's quota seems spent or was
   * not asked for today. An account is not asked for while nothing is known of it or what is known refuses its deletions. All processes together claim an account at most once an hour, or soon after a 45009.
   * @returns ids, spent lanes first
   */
  async claimToAsk(limit: number): Promise<string[]> {
    const claimed = await rows<{ id: string }>(
      this.dataSource,
      `WITH wanted AS (
         SELECT p.merchant_id, a.authorizer_appid FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
           JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
         WHERE p.due_at IS NOT NULL AND (a.quota_asked_at IS NULL OR a.quota_asked_at < now() - interval '1 hour')
           AND (a.learned_at IS NULL OR a.learned_at < ${START_OF_DAY} OR ${IS_SPENT})
           AND ${SURELY_REFUSED} IS NULL AND NOT ${AWAITS_FACTS} AND NOT ${IS_PLATFORM_HELD}
           AND EXISTS (SELECT 1 FROM deletions d WHERE d.merchant_id = p.merchant_id AND ${isReadyInLane('d')})
         ORDER BY ${IS_SPENT} DESC, p.due_at LIMIT $1 FOR UPDATE OF a SKIP LOCKED
       )
       -- One row for each account, whichever of its merchants it comes with.
       UPDATE account_ledgers a SET quota_asked_at = now()
       FROM wanted WHERE a.authorizer_appid = wanted.authorizer_appid
       RETURNING wanted.merchant_id AS id`,
      [limit],
    );
    return claimed.map(({ id }) => id);
  }

  /**
   * Claims the one question a minute that people may have asked for an account.
   * @param alongside writes in the same transaction, for example an audit row
   * @returns false when it was asked for less than a minute ago
   */
  async claimAsked(merchantId: string, alongside: (tx: EntityManager) => Promise<void>): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const { now, quotaAskedAt } = lane;
      if (quotaAskedAt !== null && now.getTime() - quotaAskedAt.getTime() < ASKED_AT_MOST_EVERY_MS) return false;
      await saveLanes(tx, [{ ...lane, quotaAskedAt: now }]);
      await alongside(tx);
      return true;
    });
  }

  /**
   * Enters what `openapi/quota/get` said of delete calls.
   * @param platformRate the rate of all merchants of the platform together
   */
  async learn(merchantId: string, answer: QuotaAnswer, platformRate: Rate | null): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const uncertain = await this.uncertain(tx, merchantId);
      await saveLanes(tx, [{ ...lane, ...learn(lane, answer, uncertain, lane.now, this.defaults) }]);
      await wakeSiblings(tx, [merchantId]);
      await tx.query(
        `INSERT INTO platform_pacing AS pp (platform_id, learned_calls, learned_seconds, learned_at)
         SELECT platform_id, $2::int, $3::int, now() FROM merchants WHERE id = $1
         ON CONFLICT (platform_id) DO UPDATE SET learned_calls = excluded.learned_calls,
           learned_seconds = excluded.learned_seconds, learned_at = excluded.learned_at
         WHERE (pp.learned_calls, pp.learned_seconds)
           IS DISTINCT FROM (excluded.learned_calls, excluded.learned_seconds)`,
        [merchantId, platformRate?.calls ?? null, platformRate?.seconds ?? null],
      );
    });
  }

  /**
   * Spends one of this month's clears before WeChat is asked for it: if its answer is lost, it may have been done.
   * @returns false when none is left
   */
  async spendClear(merchantId: string): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const spent = spendClear(lane, lane.now);
      if (spent) await saveLanes(tx, [{ ...lane, ...spent }]);
      return spent !== undefined;
    });
  }

  /** WeChat did not clear after all. @param areNoneLeft WeChat said that the month's clears are spent */
  async returnClear(merchantId: string, { areNoneLeft }: { areNoneLeft: boolean }): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      await saveLanes(tx, [{ ...lane, ...returnClear(lane, areNoneLeft) }]);
    });
  }

  /**
   * WeChat cleared the account's counters.
   * @param alongside writes in the same transaction, for example an audit row
   */
  async cleared(merchantId: string, alongside: (tx: EntityManager) => Promise<void>): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const { inFlight } = await this.uncertain(tx, merchantId);
      await saveLanes(tx, [{ ...lane, ...cleared(lane, inFlight, lane.now, this.defaults) }]);
      await wakeSiblings(tx, [merchantId]);
      await alongside(tx);
    });
  }

  /** Counts the account's deletions whose call WeChat may or may not have counted yet. */
  private async uncertain(tx: EntityManager, merchantId: string): Promise<{ inFlight: number; justEnded: number }> {
    const [row] = await rows<{ inFlight: number; justEnded: number }>(
      tx,
      `SELECT COALESCE(sum(open.count), 0)::int AS "inFlight", COALESCE(sum(ended.count), 0)::int AS "justEnded"
       FROM merchants m JOIN merchants s ON s.authorizer_appid = m.authorizer_appid
       CROSS JOIN LATERAL (
         SELECT count(*) FROM deletions WHERE merchant_id = s.id AND dispatched_at IS NOT NULL AND finished_at IS NULL
       ) AS open CROSS JOIN LATERAL (
         SELECT count(*) FROM deletions WHERE merchant_id = s.id AND dispatched_at IS NOT NULL
           AND finished_at > now() - interval '${SINCE_ASKED_S} s'
       ) AS ended WHERE m.id = $1`,
      [merchantId],
    );
    return row ?? { inFlight: 0, justEnded: 0 };
  }
}
