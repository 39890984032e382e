import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, type Sql } from '@app/database';
import { isInLane } from '../deletion/conditions.js';
import { eta } from '../pacing/eta.js';
import { PROBE_AT, WITH_HOLD } from './hold-conditions.js';
import { quotaDays } from '../pacing/shanghai-day.js';
import { LANE_COLUMNS, type LaneRow } from './lane-rows.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';

export interface Forecast {
  /** Days whose quota is needed, today included. Null when a quota never suffices. */
  daysOfQuota: number | null;
  /** When the last one leaves. Null when there is none, or one never does. */
  eta: Date | null;
}

/** A lane with the number of deletions that wait in all lanes of its account. */
export interface ForecastLane extends LaneRow {
  urgent: number;
  normal: number;
  heldUntil: Date | null;
}

/** Foretells when the slowest of many lanes will be through. */
@Injectable()
export class LaneForecasts {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /** The forecast if so many more came into each lane, all of them after an undo window. */
  async ofMore(countOf: Map<string, number>, isUrgent: boolean, undoSeconds: number): Promise<Forecast> {
    const readyAt = (now: Date) => new Date(now.getTime() + undoSeconds * 1_000);
    return this.slowest([...countOf.keys()], { isUrgent, readyAt }, (merchantId) => countOf.get(merchantId) ?? 0);
  }

  /**
   * The forecast of a takedown whose deletions are in their lanes. It counts what stands behind them, too, so it is
   * rather too late.
   */
  async ofTakedown(takedownId: string, isUrgent: boolean): Promise<Forecast> {
    const [waiting] = await rows<{ merchantIds: string[] | null; readyAt: Date | null }>(
      this.dataSource,
      `SELECT array_agg(DISTINCT merchant_id) AS "merchantIds", max(ready_at) AS "readyAt"
       FROM (
         SELECT d.merchant_id, d.ready_at FROM deletions d WHERE d.takedown_id = $1 AND ${isInLane('d')}
         UNION ALL
         -- It hastens what it found open, if need be, once it cannot be undone any more.
         SELECT d.merchant_id, LEAST(d.ready_at, t.hastens_at)
         FROM takedowns t JOIN takedown_links l ON l.takedown_id = t.id JOIN deletions d ON d.id = l.deletion_id
         WHERE t.id = $1 AND ${isInLane('d')}
       ) AS waiting`,
      [takedownId],
    );
    const readyAt = (now: Date) => waiting?.readyAt ?? now;
    return this.slowest(waiting?.merchantIds ?? [], { isUrgent, readyAt }, () => 0);
  }

  /** @param readyAt when the last of them may leave, whatever its lane allows */
  private async slowest(
    merchantIds: string[],
    { isUrgent, readyAt }: { isUrgent: boolean; readyAt: (now: Date) => Date },
    moreOf: (merchantId: string) => number,
  ): Promise<Forecast> {
    const lanes = await this.lanes(merchantIds);
    if (lanes.length === 0) return { daysOfQuota: 0, eta: null };
    // Lanes of one account share its ledger.
    const moreOfAccount = new Map<string, number>();
    for (const { authorizerAppid, merchantId } of lanes) {
      moreOfAccount.set(authorizerAppid, (moreOfAccount.get(authorizerAppid) ?? 0) + moreOf(merchantId));
    }
    const ends = lanes.map((lane) => {
      // Urgent ones pass the others; normal ones wait for all.
      const before = isUrgent ? lane.urgent : lane.urgent + lane.normal;
      const last = before + (moreOfAccount.get(lane.authorizerAppid) ?? 0) - 1;
      return eta(lane, Math.max(0, last), lane.now, this.defaults, isUrgent, lane.heldUntil ?? lane.now);
    });
    const [lane] = lanes;
    if (!lane || ends.includes(null)) return { daysOfQuota: null, eta: null };
    const end = new Date(Math.max(...ends.map((moment) => moment?.getTime() ?? 0)));
    const ready = readyAt(lane.now);
    return { daysOfQuota: quotaDays(lane.now, end), eta: end > ready ? end : ready };
  }

  /** @returns when one more would leave, after what waits and `more` that are not counted yet; null when it will not */
  etaOfNext(lane: ForecastLane, more: number, isUrgent: boolean, wantedAt: Date): Date | null {
    const before = isUrgent ? lane.urgent : lane.urgent + lane.normal;
    const readyAt = lane.heldUntil && lane.heldUntil > wantedAt ? lane.heldUntil : wantedAt;
    return eta(lane, before + more, lane.now, this.defaults, isUrgent, readyAt);
  }

  lanes(merchantIds: string[], sql: Sql = this.dataSource): Promise<ForecastLane[]> {
    return rows(
      sql,
      // Each account is counted for itself: joined, all that waits in any lane would be read to count a few.
      `SELECT m.id AS "merchantId", ${LANE_COLUMNS}, w.urgent, w.normal, ${PROBE_AT} AS "heldUntil"
       FROM merchants m JOIN platforms pl ON pl.id = m.platform_id ${WITH_HOLD}
       LEFT JOIN merchant_pacing p ON p.merchant_id = m.id
       LEFT JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
       CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE d.is_urgent)::int AS urgent,
           count(*) FILTER (WHERE NOT d.is_urgent)::int AS normal
         FROM merchants s JOIN deletions d ON d.merchant_id = s.id
         WHERE s.authorizer_appid = m.authorizer_appid AND ${isInLane('d')}
       ) AS w
       WHERE m.id = ANY($1)`,
      [merchantIds],
    );
  }
}
