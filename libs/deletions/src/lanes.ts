import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows, type Sql } from '@app/database';
import { GRANT_GONE } from './grant-gone.js';
import {
  allowance,
  charge,
  quota,
  quotaSpent,
  refund,
  tooFast,
  waitForAdmin,
  type Allowance,
  type LaneState,
  type PacingDefaults,
} from './lane.js';
import { IS_LANE_HELD, noteProbes } from './held.js';
import { tellOf } from './told.js';

export const PACING_DEFAULTS = Symbol('PacingDefaults');

export interface Dispatched {
  id: string;
  requestId: string;
}

/** What merchants see of their lane. */
export interface LaneReport {
  ratePerMinute: number;
  dailyLimit: number;
  usedToday: number;
  reservedForUrgent: number;
  resetsAt: Date;
}

interface LaneRow extends LaneState {
  merchantId: string;
  now: Date;
}

interface DueLane extends LaneRow {
  grantGone: string | null;
  /** Its platform is held: no call of any of its merchants may be made before. */
  heldUntil: Date | null;
  /** Its platform is held, and one deletion of this lane goes ahead to see whether it works again. */
  isProbe: boolean;
}

const LANE_COLUMNS = `
  p.merchant_id AS "merchantId", p.next_slot_at AS "nextSlotAt", p.rate_per_minute AS "ratePerMinute",
  p.daily_limit AS "dailyLimit", p.quota_day::text AS "quotaDay", p.quota_used AS "quotaUsed", p.blocked_for AS "blockedFor",
  p.blocked_until AS "blockedUntil", p.urgent_blocked_until AS "urgentBlockedUntil", now() AS now`;

/** How many lanes one look takes at most, so that its transaction stays short. */
const LANES_PER_LOOK = 200;
const WAKES_PER_LOOK = 5_000;
/** How often a lane is looked at while its platform is held: the end of the hold wakes it. */
const HELD_LOOK_S = 30;

/** The merchants' lanes in Postgres: rate and daily ledger are charged where the deletions leave. */
@Injectable()
export class Lanes {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /** A deletion came into the lane: the dispatcher shall look when it is ready. Takes no lock, whoever else posts. */
  async wake(tx: Sql, merchantId: string, readyAt: Date): Promise<void> {
    await this.wakeAll(tx, [merchantId], readyAt);
  }

  /** Deletions came into many lanes at once. */
  async wakeAll(tx: Sql, merchantIds: string[], readyAt: Date): Promise<void> {
    await tx.query(
      `INSERT INTO lane_wakes (merchant_id, ready_at) SELECT DISTINCT unnest($1::uuid[]), $2::timestamptz`,
      [merchantIds, readyAt],
    );
  }

  /** A platform is held no more: its lanes, which wait for the end that was foreseen, shall be looked at now. */
  async wakePlatform(tx: Sql, platformId: string): Promise<void> {
    await tx.query(
      `INSERT INTO lane_wakes (merchant_id, ready_at) SELECT p.merchant_id, now()
       FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id WHERE m.platform_id = $1 AND p.due_at IS NOT NULL`,
      [platformId],
    );
  }

  /**
   * Takes what may run now out of the lanes that are due, and charges rate and quota for it, in one transaction. Lanes of
   * merchants whose grant is gone are emptied: their deletions fail without a call. Lanes of a held platform are put off.
   */
  async dispatch(): Promise<Dispatched[]> {
    return this.dataSource.transaction(async (tx) => {
      await this.heedWakes(tx);
      const due = await rows<DueLane>(
        tx,
        `SELECT ${LANE_COLUMNS}, ${GRANT_GONE} AS "grantGone",
           CASE WHEN ${IS_LANE_HELD} THEN GREATEST(pl.held_until, now() + interval '${HELD_LOOK_S} s') END AS "heldUntil",
           ${IS_LANE_HELD} IS FALSE AND pl.held_since IS NOT NULL AS "isProbe"
         FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id JOIN platforms pl ON pl.id = m.platform_id
         WHERE p.due_at <= now() ORDER BY p.due_at LIMIT ${LANES_PER_LOOK} FOR UPDATE OF p SKIP LOCKED`,
      );
      if (due.length === 0) return [];
      const closed = due.filter((lane) => lane.grantGone !== null);
      if (closed.length > 0) await this.failAll(tx, closed);
      const taken = await this.take(tx, due);
      const countOf = new Map<string, number>();
      for (const { merchantId } of taken) countOf.set(merchantId, (countOf.get(merchantId) ?? 0) + 1);
      const charged = due.map((lane) => ({
        ...lane,
        ...charge(lane, countOf.get(lane.merchantId) ?? 0, lane.now, this.defaults),
      }));
      await this.save(tx, charged);
      const probes = new Set(due.filter(({ isProbe }) => isProbe).map(({ merchantId }) => merchantId));
      const sent = taken.filter(({ merchantId }) => probes.has(merchantId));
      if (sent.length > 0) await noteProbes(tx, sent);
      return taken;
    });
  }

  /** A merchant whose grant is gone need not wait for the next day: the next look empties its lane. */
  async wakeClosed(): Promise<void> {
    await this.dataSource.query(
      `UPDATE merchant_pacing p SET due_at = now() FROM merchants m
       WHERE m.id = p.merchant_id AND p.due_at > now() AND ${GRANT_GONE} IS NOT NULL`,
    );
  }

  /** A slot for one retry, from the same lane. @returns false when rate or quota allow none now */
  async buySlot(merchantId: string, isUrgent: boolean): Promise<boolean> {
    return this.change(merchantId, (lane) => {
      const { total, normal } = allowance(lane, lane.now, this.defaults);
      if ((isUrgent ? total : normal) < 1) return undefined;
      return charge(lane, 1, lane.now, this.defaults);
    });
  }

  /** The slot was bought for a call that was never made. */
  async refund(merchantId: string): Promise<void> {
    await this.change(merchantId, (lane) => refund(lane, lane.now, this.defaults));
  }

  /** WeChat said 45009. */
  async quotaSpent(merchantId: string): Promise<void> {
    await this.change(merchantId, (lane) => quotaSpent(lane, lane.now, this.defaults));
  }

  /** WeChat said 45011. */
  async tooFast(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => tooFast(lane, lane.now, pauseMs));
  }

  /** WeChat said that an admin of the account has to confirm. */
  async waitForAdmin(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => waitForAdmin(lane, lane.now, pauseMs));
  }

  /** `alongside` writes what belongs to the change, such as an audit row, in its transaction. */
  async setLimits(
    merchantId: string,
    limits: { ratePerMinute?: number | null | undefined; dailyLimit?: number | null | undefined },
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<void> {
    const decide = (lane: LaneRow): LaneState => ({
      ...lane,
      ...(limits.ratePerMinute !== undefined && { ratePerMinute: limits.ratePerMinute }),
      ...(limits.dailyLimit !== undefined && { dailyLimit: limits.dailyLimit }),
      // What the old limit shut, the new one may open: the next look decides.
      ...(lane.blockedFor === 'daily_quota' && { blockedFor: null, blockedUntil: null, urgentBlockedUntil: null }),
    });
    await this.change(merchantId, decide, alongside);
  }

  async reports(merchantIds: string[]): Promise<Map<string, LaneReport>> {
    const lanes = await rows<LaneRow>(
      this.dataSource,
      `SELECT ${LANE_COLUMNS.replace('p.merchant_id', 'm.id').replace('p.next_slot_at', 'now()')}
       FROM merchants m LEFT JOIN merchant_pacing p ON p.merchant_id = m.id WHERE m.id = ANY($1)`,
      [merchantIds],
    );
    return new Map(lanes.map((lane) => [lane.merchantId, this.report(lane)]));
  }

  private report(lane: LaneRow): LaneReport {
    const { limit, used, reserve, resetsAt } = quota(lane, lane.now, this.defaults);
    return {
      ratePerMinute: lane.ratePerMinute ?? this.defaults.ratePerMinute,
      dailyLimit: limit,
      usedToday: used,
      reservedForUrgent: reserve,
      resetsAt,
    };
  }

  /**
   * Sets the lanes due of which wakes tell. A wake is seen together with its deletion, so none is lost: one that commits
   * after this look is there for the next.
   */
  private async heedWakes(tx: EntityManager): Promise<void> {
    await tx.query(
      `WITH heeded AS (
         DELETE FROM lane_wakes WHERE id IN (SELECT id FROM lane_wakes ORDER BY id LIMIT ${WAKES_PER_LOOK} FOR UPDATE SKIP LOCKED)
         RETURNING merchant_id, ready_at
       )
       INSERT INTO merchant_pacing AS p (merchant_id, due_at)
       SELECT merchant_id, min(ready_at) FROM heeded GROUP BY merchant_id ORDER BY merchant_id
       ON CONFLICT (merchant_id) DO UPDATE SET
         due_at = LEAST(COALESCE(p.due_at, 'infinity'), GREATEST(p.next_slot_at, excluded.due_at))`,
    );
  }

  private async failAll(tx: EntityManager, closed: DueLane[]): Promise<void> {
    await tx.query(
      `WITH ended AS (
         UPDATE deletions d SET state = 'failed', outcome_code = ${GRANT_GONE}, waiting_for = NULL, waiting_until = NULL, finished_at = now()
         FROM merchants m WHERE m.id = d.merchant_id AND d.merchant_id = ANY($1) AND d.finished_at IS NULL AND d.dispatched_at IS NULL
         RETURNING d.*
       ) ${tellOf('ended')}`,
      [closed.map(({ merchantId }) => merchantId)],
    );
  }

  /** Urgent before normal, then oldest first, as many as each lane allows. */
  private async take(tx: EntityManager, due: DueLane[]): Promise<(Dispatched & { merchantId: string })[]> {
    const open = due
      .filter((lane) => lane.grantGone === null && lane.heldUntil === null)
      .map((lane) => ({
        merchantId: lane.merchantId,
        ...atMost(lane.isProbe, allowance(lane, lane.now, this.defaults)),
      }))
      .filter(({ total }) => total > 0);
    if (open.length === 0) return [];
    const inLane = `d.merchant_id = lane.merchant_id AND d.finished_at IS NULL AND d.dispatched_at IS NULL AND d.ready_at <= now()`;
    return rows(
      tx,
      `WITH lane AS (SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[]) AS t (merchant_id, total, normal)),
       picked AS (
         SELECT next.id FROM lane CROSS JOIN LATERAL (
           (SELECT d.id, d.is_urgent, d.ready_at FROM deletions d WHERE ${inLane} AND d.is_urgent
            ORDER BY d.ready_at, d.id LIMIT lane.total)
           UNION ALL
           (SELECT d.id, d.is_urgent, d.ready_at FROM deletions d WHERE ${inLane} AND NOT d.is_urgent
            ORDER BY d.ready_at, d.id LIMIT lane.normal)
           ORDER BY 2 DESC, 3, 1 LIMIT lane.total
         ) AS next
       ),
       taken AS (
         UPDATE deletions d SET state = 'queued', dispatched_at = now(), waiting_for = NULL, waiting_until = NULL
         FROM picked WHERE d.id = picked.id AND d.finished_at IS NULL AND d.dispatched_at IS NULL
         RETURNING d.id, d.merchant_id, d.request_id, d.is_urgent, d.ready_at
       )
       SELECT id, merchant_id AS "merchantId", request_id AS "requestId" FROM taken ORDER BY is_urgent DESC, ready_at, id`,
      [open.map((lane) => lane.merchantId), open.map((lane) => lane.total), open.map((lane) => lane.normal)],
    );
  }

  /** @returns whether `decide` wanted a change */
  private async change(
    merchantId: string,
    decide: (lane: LaneRow) => LaneState | undefined,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      await tx.query(`INSERT INTO merchant_pacing (merchant_id) VALUES ($1) ON CONFLICT DO NOTHING`, [merchantId]);
      const [lane] = await rows<LaneRow>(
        tx,
        `SELECT ${LANE_COLUMNS} FROM merchant_pacing p WHERE p.merchant_id = $1 FOR UPDATE`,
        [merchantId],
      );
      const changed = lane && decide(lane);
      if (changed) await this.save(tx, [{ ...lane, ...changed }]);
      await alongside?.(tx);
      return changed !== undefined;
    });
  }

  /** Writes the lanes and sets when each is due: when its first deletion is ready, the rate allows and nothing blocks. */
  private async save(tx: EntityManager, lanes: (LaneRow & Partial<DueLane>)[]): Promise<void> {
    const firstReady = (isUrgent: boolean) => `(
      SELECT min(d.ready_at) FROM deletions d WHERE d.merchant_id = p.merchant_id AND d.finished_at IS NULL
        AND d.dispatched_at IS NULL AND d.is_urgent = ${isUrgent})`;
    // LEAST passes over nulls, GREATEST would too: an empty half of the lane must stay null.
    const dueWhen = (ready: string, blockedUntil: string) =>
      `CASE WHEN ${ready} IS NOT NULL THEN GREATEST(${ready}, t.next_slot_at, t.${blockedUntil}, t.held_until) END`;
    await tx.query(
      `UPDATE merchant_pacing p SET
         next_slot_at = t.next_slot_at, rate_per_minute = t.rate_per_minute, daily_limit = t.daily_limit,
         quota_day = t.quota_day, quota_used = t.quota_used, blocked_for = t.blocked_for, blocked_until = t.blocked_until,
         urgent_blocked_until = t.urgent_blocked_until,
         due_at = LEAST(${dueWhen(firstReady(false), 'blocked_until')}, ${dueWhen(firstReady(true), 'urgent_blocked_until')})
       FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::int[], $5::date[], $6::int[], $7::text[], $8::timestamptz[], $9::timestamptz[],
           $10::timestamptz[])
         AS t (merchant_id, next_slot_at, rate_per_minute, daily_limit, quota_day, quota_used, blocked_for, blocked_until, urgent_blocked_until, held_until)
       WHERE p.merchant_id = t.merchant_id`,
      [
        lanes.map((lane) => lane.merchantId),
        lanes.map((lane) => lane.nextSlotAt),
        lanes.map((lane) => lane.ratePerMinute),
        lanes.map((lane) => lane.dailyLimit),
        lanes.map((lane) => lane.quotaDay),
        lanes.map((lane) => lane.quotaUsed),
        lanes.map((lane) => lane.blockedFor),
        lanes.map((lane) => lane.blockedUntil),
        lanes.map((lane) => lane.urgentBlockedUntil),
        lanes.map((lane) => lane.heldUntil ?? null),
      ],
    );
  }
}

/** A probe is one deletion, urgent or not. */
const atMost = (isProbe: boolean, { total, normal }: Allowance): Allowance =>
  isProbe ? { total: Math.min(1, total), normal: Math.min(1, normal) } : { total, normal };
