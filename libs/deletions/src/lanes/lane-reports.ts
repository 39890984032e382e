import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { isFoundInLane, isInLane } from '../deletion/conditions.js';
import type { Deletion } from '../deletion/deletion.entity.js';
import { mintedElsewhereSince } from '../pacing/early-voids.js';
import { eta } from '../pacing/eta.js';
import { PROBE_AT, WITH_HOLD } from './hold-conditions.js';
import { clearsLeft, configuredPerMinute, currentRate, quota } from '../pacing/lane.js';
import { LANE_COLUMNS, type LaneRow } from './lane-rows.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';

/** A lane as its merchant sees it. */
export interface LaneReport {
  ratePerMinute: number;
  /** Less than the configured one while WeChat says so, or has said lately that calls come too fast. */
  currentRatePerMinute: number;
  dailyLimit: number;
  /** WeChat's own number, and when it told it. */
  learnedDailyLimit: number | null;
  learnedAt: Date | null;
  usedToday: number;
  reservedForUrgent: number;
  resetsAt: Date;
  /** Of this month's clears of the quota. */
  clearsLeft: number;
  /**
   * Set while another system mints access tokens for this account. If fresh ones are refused, the lane waits for the
   * next try.
   */
  tokenConflict: { kind: 'fresh_refused' | 'void_early'; since: Date; nextTryAt: Date | null } | null;
  /** Deletions in the lane. */
  pending: number;
  /** When the last of them will leave; null when there is none, or it will not. */
  eta: Date | null;
}

interface ReportedLane extends LaneRow {
  urgent: number;
  normal: number;
  lastReadyAt: Date | null;
  /** Deletions in other lanes of the account, which share its ledger. */
  besides: number;
  conflictSince: Date | null;
  conflictUntil: Date | null;
  voids: Date[] | null;
  heldUntil: Date | null;
}

/** Reports the state of lanes, and when their deletions are likely to leave. */
@Injectable()
export class LaneReports {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  async of(merchantIds: string[]): Promise<Map<string, LaneReport>> {
    const lanes = await rows<ReportedLane>(
      this.dataSource,
      `SELECT m.id AS "merchantId", ${LANE_COLUMNS}, COALESCE(w.urgent, 0) AS urgent, COALESCE(w.normal, 0) AS normal,
         w.last_ready_at AS "lastReadyAt", ${PROBE_AT} AS "heldUntil",
         tc.since AS "conflictSince", tc.until AS "conflictUntil", tc.voids, (
           SELECT count(*)::int FROM merchants s JOIN deletions o ON o.merchant_id = s.id
           WHERE s.authorizer_appid = m.authorizer_appid AND s.id <> m.id AND ${isInLane('o')}
         ) AS besides
       FROM merchants m JOIN platforms pl ON pl.id = m.platform_id ${WITH_HOLD}
       LEFT JOIN token_conflicts tc ON tc.merchant_id = m.id LEFT JOIN merchant_pacing p ON p.merchant_id = m.id
       LEFT JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
       LEFT JOIN (
         SELECT d.merchant_id, count(*) FILTER (WHERE d.is_urgent)::int AS urgent,
           count(*) FILTER (WHERE NOT d.is_urgent)::int AS normal, max(d.ready_at) AS last_ready_at
         FROM deletions d WHERE d.merchant_id = ANY($1) AND ${isInLane('d')}
         GROUP BY d.merchant_id
       ) AS w ON w.merchant_id = m.id
       WHERE m.id = ANY($1)`,
      [merchantIds],
    );
    return new Map(lanes.map((lane) => [lane.merchantId, this.report(lane)]));
  }

  /** @returns when the deletion will leave its lane; null when it has left it, or will not */
  async etaOf(deletion: Pick<Deletion, 'id' | 'merchantId' | 'isUrgent' | 'readyAt'>): Promise<Date | null> {
    const [lane] = await rows<LaneRow & { ahead: number; heldUntil: Date | null }>(
      this.dataSource,
      `SELECT d.merchant_id AS "merchantId", ${LANE_COLUMNS}, ${PROBE_AT} AS "heldUntil", (
           SELECT count(*)::int FROM deletions o
           WHERE o.merchant_id IN (SELECT s.id FROM merchants s WHERE s.authorizer_appid = m.authorizer_appid)
             AND ${isInLane('o')} AND (o.is_urgent AND NOT d.is_urgent
               OR o.is_urgent = d.is_urgent AND (o.ready_at, o.id) < (d.ready_at, d.id))
         ) AS ahead
       FROM deletions d JOIN merchants m ON m.id = d.merchant_id JOIN platforms pl ON pl.id = m.platform_id
       ${WITH_HOLD} LEFT JOIN merchant_pacing p ON p.merchant_id = d.merchant_id
       LEFT JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
       WHERE d.id = $1 AND ${isFoundInLane('d')}`,
      [deletion.id],
    );
    if (!lane) return null;
    return this.eta(lane, lane.ahead, deletion.isUrgent, deletion.readyAt);
  }

  private report(lane: ReportedLane): LaneReport {
    const { limit, used, reserve, resetsAt } = quota(lane, lane.now, this.defaults);
    const { calls, seconds } = currentRate(lane, lane.now, this.defaults);
    const pending = lane.urgent + lane.normal;
    return {
      ratePerMinute: configuredPerMinute(lane, this.defaults),
      currentRatePerMinute: Math.round((calls * 60 * 100) / seconds) / 100,
      dailyLimit: limit,
      learnedDailyLimit: lane.learnedLimit,
      learnedAt: lane.learnedAt,
      usedToday: used,
      reservedForUrgent: reserve,
      resetsAt,
      clearsLeft: clearsLeft(lane, lane.now),
      tokenConflict: tokenConflictOf(lane),
      pending,
      eta: pending > 0 ? this.eta(lane, pending + lane.besides - 1, lane.normal === 0, lane.lastReadyAt) : null,
    };
  }

  private eta(
    lane: LaneRow & { heldUntil: Date | null },
    ahead: number,
    isUrgent: boolean,
    readyAt: Date | null,
  ): Date | null {
    const notBefore = new Date(Math.max(lane.now.getTime(), readyAt?.getTime() ?? 0, lane.heldUntil?.getTime() ?? 0));
    return eta(lane, ahead, lane.now, this.defaults, isUrgent, notBefore);
  }
}

function tokenConflictOf({ conflictSince, conflictUntil, voids, now }: ReportedLane): LaneReport['tokenConflict'] {
  if (conflictSince) return { kind: 'fresh_refused', since: conflictSince, nextTryAt: conflictUntil };
  const since = mintedElsewhereSince(voids ?? [], now);
  return since && { kind: 'void_early', since, nextTryAt: null };
}
