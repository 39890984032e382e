import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { prepared, rows } from '@app/database';
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

/** A merchant's part of many deletions. */
export interface MerchantForecast {
  merchant: string;
  deletions: number;
  /** When its last one leaves. Null when it never does. */
  eta: Date | null;
}

/** A lane with the number of deletions that wait in all lanes of its account. */
export interface ForecastLane extends LaneRow {
  urgent: number;
  normal: number;
  heldUntil: Date | null;
}

const SLOWEST = 10;

/** Foretells when the slowest of many lanes will be through. */
@Injectable()
export class LaneForecasts {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /** The forecast if so many more came into each lane, all of them after an undo window. */
  async ofMore(
    countOf: Map<string, number>,
    isUrgent: boolean,
    undoSeconds: number,
  ): Promise<Forecast & { slowest: MerchantForecast[] }> {
    const readyAt = (now: Date) => new Date(now.getTime() + undoSeconds * 1_000);
    const moreOf = (merchantId: string) => countOf.get(merchantId) ?? 0;
    const lanes = await this.ends([...countOf.keys()], { isUrgent, readyAt }, moreOf);
    const latest = ({ end }: LaneEnd) => end?.getTime() ?? Infinity;
    // Not by subtraction: two that never end are alike.
    const byEnd = lanes.toSorted((a, b) => (latest(a) === latest(b) ? 0 : latest(b) > latest(a) ? 1 : -1));
    const slowest = byEnd
      .slice(0, SLOWEST)
      .map(({ lane, end }) => ({ merchant: lane.authorizerAppid, deletions: moreOf(lane.merchantId), eta: end }));
    return { ...forecastOf(lanes), slowest };
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
    return forecastOf(await this.ends(waiting?.merchantIds ?? [], { isUrgent, readyAt }, () => 0));
  }

  /** @param readyAt when the last of them may leave, whatever its lane allows */
  private async ends(
    merchantIds: string[],
    { isUrgent, readyAt }: { isUrgent: boolean; readyAt: (now: Date) => Date },
    moreOf: (merchantId: string) => number,
  ): Promise<LaneEnd[]> {
    const lanes = await this.lanes(merchantIds);
    // Lanes of one account share its ledger.
    const moreOfAccount = new Map<string, number>();
    for (const { authorizerAppid, merchantId } of lanes) {
      moreOfAccount.set(authorizerAppid, (moreOfAccount.get(authorizerAppid) ?? 0) + moreOf(merchantId));
    }
    return lanes.map((lane) => {
      // Urgent ones pass the others; normal ones wait for all.
      const before = isUrgent ? lane.urgent : lane.urgent + lane.normal;
      const last = before + (moreOfAccount.get(lane.authorizerAppid) ?? 0) - 1;
      const leavesAt = eta(lane, Math.max(0, last), lane.now, this.defaults, isUrgent, lane.heldUntil ?? lane.now);
      const ready = readyAt(lane.now);
      return { lane, leavesAt, end: leavesAt && leavesAt < ready ? ready : leavesAt };
    });
  }

  /** @returns when one more would leave, after what waits and `more` that are not counted yet; null when it will not */
  etaOfNext(lane: ForecastLane, more: number, isUrgent: boolean, wantedAt: Date): Date | null {
    const before = isUrgent ? lane.urgent : lane.urgent + lane.normal;
    const readyAt = lane.heldUntil && lane.heldUntil > wantedAt ? lane.heldUntil : wantedAt;
    return eta(lane, before + more, lane.now, this.defaults, isUrgent, readyAt);
  }

  lanes(merchantIds: string[]): Promise<ForecastLane[]> {
    return rows(this.dataSource, LANES, [merchantIds]);
  }

  /** One of them, by a prepared statement: a request waits for it. */
  async lane(merchantId: string, sql: EntityManager = this.dataSource.manager): Promise<ForecastLane | undefined> {
    return (await prepared<ForecastLane>(sql, 'forecast one lane', LANES, [[merchantId]]))[0];
  }
}

/** SQL: the lanes of the merchants $1. */
const LANES = `
   SELECT m.id AS "merchantId", ${LANE_COLUMNS}, w.urgent, w.normal, ${PROBE_AT} AS "heldUntil"
   FROM merchants m JOIN platforms pl ON pl.id = m.platform_id ${WITH_HOLD}
   LEFT JOIN merchant_pacing p ON p.merchant_id = m.id
   LEFT JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
   -- Counted lane by lane: where statistics say that nothing waits, a join would begin with all that does.
   CROSS JOIN LATERAL (
     SELECT sum(one.urgent)::int AS urgent, sum(one.normal)::int AS normal
     FROM merchants s CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE d.is_urgent) AS urgent, count(*) FILTER (WHERE NOT d.is_urgent) AS normal
       FROM deletions d WHERE d.merchant_id = s.id AND ${isInLane('d')}
     ) AS one
     WHERE s.authorizer_appid = m.authorizer_appid
   ) AS w
   WHERE m.id = ANY($1)`;

interface LaneEnd {
  lane: ForecastLane;
  /** As its quota and its rate allow. Null when it never does. */
  leavesAt: Date | null;
  /** The same, but not before the deletions may begin. */
  end: Date | null;
}

/** Of all lanes, that of the slowest. */
function forecastOf(ends: LaneEnd[]): Forecast {
  const [first] = ends;
  if (!first) return { daysOfQuota: 0, eta: null };
  if (ends.some(({ end }) => end === null)) return { daysOfQuota: null, eta: null };
  const last = (moments: (Date | null)[]) => new Date(Math.max(...moments.map((moment) => moment?.getTime() ?? 0)));
  return {
    daysOfQuota: quotaDays(first.lane.now, last(ends.map(({ leavesAt }) => leavesAt))),
    eta: last(ends.map(({ end }) => end)),
  };
}
