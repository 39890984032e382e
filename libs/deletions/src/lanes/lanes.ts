import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Batcher } from '@app/concurrency';
import { isItemError, rows, type Sql } from '@app/database';
import { SURELY_REFUSED } from '@app/merchants';
import { AWAITS_FACTS, FACTS_LOOK } from './facts-wait.js';
import {
  allowance,
  charge,
  chargeRate,
  hasSlot,
  pause,
  quotaSpent,
  refund,
  reopen,
  slotting,
  tooFast,
  waitForAdmin,
  waitForToken,
  type Allowance,
  type LaneState,
} from '../pacing/lane.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';
import { changeLimits, type LimitsChange } from '../pacing/limits-change.js';
import { IS_LANE_HELD, IS_PROBE_LANE, noteProbes, PROBE_AT, WITH_HOLD } from './hold-conditions.js';
import { IS_LAST_OUTCOME_UNKNOWN, IS_TRIED_ANYWAY } from '../deletion/conditions.js';
import {
  LANE_COLUMNS,
  lockLane,
  lockLanes,
  readLane,
  saveLanes,
  wakeSiblings,
  withLedgerOf,
  type LaneRow,
} from './lane-rows.js';
import { chargePlatform, dealOut, type Wanting } from '../pacing/platform-rate.js';
import { lockPlatforms, savePlatform } from './platform-rate-rows.js';
import { slotsAt } from '../pacing/rate.js';
import { tellOf } from '../deletion/deletion-events.js';

export interface Dispatched {
  id: string;
  requestId: string;
  /** How often it has left its lane, this time included. */
  dispatches: number;
}

interface Taken extends Dispatched {
  merchantId: string;
}

/** A slot that shall be given back, if the work that goes with it says so. */
interface Refund {
  merchantId: string;
  work: (tx: EntityManager) => Promise<boolean>;
}

interface DueLane extends LaneRow {
  platformId: string;
  /** WeChat told a rate for the whole platform. */
  isPaced: boolean;
  grantGone: string | null;
  /** What its merchant's facts speak against shall be tried anyway. What else leaves with it fails before its call. */
  hasTries: boolean;
  /** Its platform is held, or nothing is known of its merchant: no call may be made before. */
  heldUntil: Date | null;
  /** Its platform is held, and one deletion of this lane goes ahead to see whether it works again. */
  isProbe: boolean;
}

/** How many lanes one look takes at most, so that its transaction stays short. */
const LANES_PER_LOOK = 200;
/** A lane that got nothing lets its account's other lanes go first, for so long. */
const PASS_MS = 50;
const WAKES_PER_LOOK = 5_000;
/** Of lanes whose merchant's grant is gone; what is left fails with the next look. */
const FAILED_PER_LOOK = 2_000;
/** How often a lane is looked at while its platform is held: the end of the hold wakes it. */
const HELD_LOOK_S = 30;

/** The merchants' lanes in Postgres: rate and daily ledger are charged where the deletions leave. */
@Injectable()
export class Lanes {
  private readonly refunds = new Batcher((asked: Refund[]) => this.refundAll(asked), isItemError);

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
   * merchants whose grant is gone are emptied: their deletions fail without a call. Lanes of a held platform are put off, and
   * those of merchants of whom nothing is known. Of an account that has several lanes, each look takes one, that which is due
   * longest: they share a ledger.
   * @param room at most so many, one of each lane before a second of any; lanes that get nothing are first next time
   */
  async dispatch(room = LANES_PER_LOOK): Promise<Dispatched[]> {
    return this.dataSource.transaction(async (tx) => {
      await this.heedWakes(tx);
      const found = await rows<DueLane>(
        tx,
        `SELECT p.merchant_id AS "merchantId", m.platform_id AS "platformId", ${LANE_COLUMNS}, ${SURELY_REFUSED} AS "grantGone",
           CASE WHEN ${SURELY_REFUSED} IS NOT NULL THEN EXISTS (
             SELECT 1 FROM deletions d WHERE d.merchant_id = m.id AND d.finished_at IS NULL AND d.dispatched_at IS NULL AND ${IS_TRIED_ANYWAY})
           ELSE false END AS "hasTries",
           CASE WHEN ${IS_LANE_HELD} THEN GREATEST(${PROBE_AT}, now() + interval '${HELD_LOOK_S} s')
                WHEN ${AWAITS_FACTS} THEN now() + ${FACTS_LOOK} END AS "heldUntil",
           ${IS_PROBE_LANE} AS "isProbe",
           COALESCE(pp.learned_calls > 0, false) AS "isPaced"
         FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id JOIN platforms pl ON pl.id = m.platform_id
           JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
           ${WITH_HOLD} LEFT JOIN platform_pacing pp ON pp.platform_id = m.platform_id LEFT JOIN access_tokens t ON t.holder_id = m.id
         WHERE p.due_at <= now() ORDER BY p.due_at LIMIT $1 FOR UPDATE OF p, a SKIP LOCKED`,
        [Math.min(LANES_PER_LOOK, room)],
      );
      if (found.length === 0) return [];
      const { due, shared } = firstOfEachAccount(found);
      const closed = due.filter((lane) => lane.grantGone !== null);
      if (closed.length > 0) await this.failAll(tx, closed);
      const { taken, notBefore } = await this.take(tx, due, room);
      const countOf = new Map<string, number>();
      for (const { merchantId } of taken) countOf.set(merchantId, (countOf.get(merchantId) ?? 0) + 1);
      const charged = due.map((lane) => {
        const count = countOf.get(lane.merchantId) ?? 0;
        const after = charge(lane, count, lane.now, this.defaults);
        // Behind its siblings, which are due with the account's next slot, too: they take turns, and one that got nothing passes.
        const turnMs = count > 0 ? after.nextSlotMs + 1 : lane.now.getTime() + PASS_MS;
        const behind = shared.has(lane.authorizerAppid) ? new Date(turnMs) : null;
        return { ...lane, ...after, notBefore: lane.heldUntil ?? notBefore.get(lane.merchantId) ?? behind };
      });
      await saveLanes(tx, charged);
      const probes = new Set(due.filter(({ isProbe }) => isProbe).map(({ merchantId }) => merchantId));
      const sent = taken.filter(({ merchantId }) => probes.has(merchantId));
      if (sent.length > 0) await noteProbes(tx, sent);
      return taken;
    });
  }

  /** A merchant whose grant is gone need not wait for the next day: the next look empties its lane. Those are among the few ineligible. */
  async wakeClosed(): Promise<void> {
    await this.dataSource.query(
      `UPDATE merchant_pacing SET due_at = now() WHERE merchant_id = ANY(ARRAY(
         SELECT p.merchant_id FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
         WHERE p.due_at > now() AND m.ineligible_reasons <> '{}' AND ${SURELY_REFUSED} IS NOT NULL ORDER BY p.merchant_id FOR UPDATE OF p SKIP LOCKED))`,
    );
  }

  /** A slot for one retry, from the same lane. @returns false when rate or quota allow none now */
  async buySlot(merchantId: string, isUrgent: boolean): Promise<boolean> {
    return this.buy(merchantId, (lane) => {
      const { total, normal } = allowance(lane, lane.now, this.defaults);
      return (isUrgent ? total : normal) < 1 ? undefined : charge(lane, 1, lane.now, this.defaults);
    });
  }

  /** A new slot instead of one that got too old, for a call whose quota is paid. @returns false when the rate allows none now */
  async renewSlot(merchantId: string): Promise<boolean> {
    return this.buy(merchantId, (lane) =>
      hasSlot(lane, lane.now, this.defaults) ? chargeRate(lane, 1, lane.now, this.defaults) : undefined,
    );
  }

  /** The slot was bought for a call that was never made. */
  async refund(merchantId: string): Promise<void> {
    await this.refundIf(merchantId, () => Promise.resolve(true));
  }

  /** Does the work and, if it says so, gives a slot's quota back in the same transaction. */
  async refundIf(merchantId: string, work: Refund['work']): Promise<void> {
    await this.refunds.submit({ merchantId, work });
  }

  /** Nothing leaves the lane for that long. */
  async pause(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => pause(lane, lane.now, pauseMs));
  }

  /** WeChat said 45009 to a call that left so long ago. */
  async quotaSpent(merchantId: string, leftAgoMs = 0): Promise<void> {
    await this.change(merchantId, (lane) => {
      const leftAt = new Date(lane.now.getTime() - leftAgoMs);
      return quotaSpent(lane, lane.now, this.defaults, leftAt);
    });
  }

  /** WeChat said 45011 to a call that left so long ago. By age, since the clocks of processes differ. */
  async tooFast(merchantId: string, pauseMs: number, leftAgoMs: number): Promise<void> {
    await this.change(merchantId, (lane) => {
      const leftAt = new Date(lane.now.getTime() - leftAgoMs);
      return tooFast(lane, leftAt, lane.now, pauseMs, this.defaults);
    });
  }

  /** WeChat said that an admin of the account has to confirm. */
  async waitForAdmin(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => waitForAdmin(lane, lane.now, pauseMs));
  }

  /** WeChat refused a token that was minted for the call: another system mints them too. */
  async waitForToken(merchantId: string, pauseMs: number): Promise<void> {
    await this.change(merchantId, (lane) => waitForToken(lane, lane.now, pauseMs));
  }

  /**
   * Of the merchant's account, whichever of its platforms they are set through. `alongside` writes what belongs to the change, such as
   * an audit row, in its transaction.
   * @throws LimitsNotYours
   */
  async setLimits(
    merchantId: string,
    limits: LimitsChange,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<void> {
    const decide = (lane: LaneRow): LaneState =>
      reopen(changeLimits(lane, limits, this.defaults), lane.now, this.defaults);
    await this.change(merchantId, decide, async (tx) => {
      await wakeSiblings(tx, [merchantId]);
      await alongside?.(tx);
    });
  }

  /**
   * Sets the lanes due of which wakes tell. A wake is seen together with its deletion, so none is lost: one that commits
   * after this look is there for the next.
   */
  private async heedWakes(tx: EntityManager): Promise<void> {
    await tx.query(
      `WITH heeded AS (
         -- Not IN: between bursts the table is empty, and if that is what its statistics say, each wake is sought among all of them.
         DELETE FROM lane_wakes WHERE id = ANY(ARRAY(SELECT id FROM lane_wakes ORDER BY id LIMIT ${WAKES_PER_LOOK} FOR UPDATE SKIP LOCKED))
         RETURNING merchant_id, ready_at
       ), woken AS (
         INSERT INTO merchant_pacing AS p (merchant_id, due_at)
         SELECT merchant_id, min(ready_at) FROM heeded GROUP BY merchant_id ORDER BY merchant_id
         ON CONFLICT (merchant_id) DO UPDATE SET
           due_at = LEAST(COALESCE(p.due_at, 'infinity'), GREATEST(p.next_slot_at, excluded.due_at))
         RETURNING p.merchant_id
       )
       -- Sorted, so that all lanes are locked before the first ledger is.
       INSERT INTO account_ledgers (authorizer_appid)
       SELECT DISTINCT m.authorizer_appid FROM woken JOIN merchants m ON m.id = woken.merchant_id
       WHERE NOT EXISTS (SELECT 1 FROM account_ledgers a WHERE a.authorizer_appid = m.authorizer_appid)
       ORDER BY m.authorizer_appid ON CONFLICT DO NOTHING`,
    );
  }

  private async failAll(tx: EntityManager, closed: DueLane[]): Promise<void> {
    await tx.query(
      `WITH ended AS (
         UPDATE deletions d SET state = 'failed', outcome_code = ${SURELY_REFUSED}, waiting_for = NULL, waiting_until = NULL, finished_at = now()
         FROM merchants m WHERE m.id = d.merchant_id AND ${SURELY_REFUSED} IS NOT NULL AND NOT ${IS_TRIED_ANYWAY} AND d.id = ANY(ARRAY(
           SELECT d.id FROM deletions d JOIN merchants m ON m.id = d.merchant_id
           WHERE d.merchant_id = ANY($1) AND d.finished_at IS NULL AND d.dispatched_at IS NULL AND NOT ${IS_TRIED_ANYWAY}
           LIMIT ${FAILED_PER_LOOK} FOR UPDATE OF d SKIP LOCKED))
         RETURNING d.*
       ) ${tellOf('ended')}`,
      [closed.map(({ merchantId }) => merchantId)],
    );
  }

  /** Urgent before normal, then oldest first, as many as each lane and its platform allow. */
  private async take(
    tx: EntityManager,
    due: DueLane[],
    room: number,
  ): Promise<{ taken: Taken[]; notBefore: Map<string, Date> }> {
    const wanting = due
      .filter((lane) => (lane.grantGone === null || lane.hasTries) && lane.heldUntil === null)
      .map((lane) => ({
        merchantId: lane.merchantId,
        platformId: lane.platformId,
        ...atMost(lane.isProbe, allowance(lane, lane.now, this.defaults)),
        ...slotting(lane, lane.now, this.defaults),
      }));
    const now = due[0]?.now ?? new Date();
    const platforms = await lockPlatforms(
      tx,
      due.flatMap(({ platformId, isPaced }) => (isPaced ? platformId : [])),
    );
    const { offers, notBefore } = dealOut(wanting, platforms, now);
    const open = offers.filter(({ total }) => total > 0);
    const taken = open.length > 0 ? await this.takeFrom(tx, open, room) : [];
    for (const platform of platforms.values()) {
      const ofPlatform = new Set(
        open.flatMap((lane) => (lane.platformId === platform.platformId ? lane.merchantId : [])),
      );
      const count = taken.filter(({ merchantId }) => ofPlatform.has(merchantId)).length;
      await savePlatform(tx, chargePlatform(platform, count, now));
    }
    return { taken, notBefore };
  }

  /**
   * Picked materialized, and locked by an array: without it Postgres, which has no statistics yet when thousands have just come
   * in, takes the waiting for few, and picks anew for each of them. That took minutes. Not so the UPDATE: there the array
   * would be walked through once for each that is taken.
   */
  private takeFrom(tx: EntityManager, open: Wanting[], room: number): Promise<Taken[]> {
    // What is not urgent and cannot leave anyway need not be read and sorted. Some lanes have less than their share, so others
    // may have more.
    const most = Math.ceil((4 * room) / open.length);
    const inLane = `d.merchant_id = lane.merchant_id AND d.finished_at IS NULL AND d.dispatched_at IS NULL AND d.ready_at <= now()`;
    return rows(
      tx,
      `WITH lane AS (
         SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::float8[], $5::float8[])
           WITH ORDINALITY AS t (merchant_id, total, normal, first_slot_ms, step_ms, turn)
       ),
       picked AS MATERIALIZED (
         SELECT next.id, to_timestamp((lane.first_slot_ms + (next.place - 1) * lane.step_ms) / 1000) AS slot_at
         FROM lane CROSS JOIN LATERAL (
           SELECT id, is_urgent, row_number() OVER (ORDER BY is_urgent DESC, ready_at, id) AS place FROM (
             (SELECT d.id, d.is_urgent, d.ready_at FROM deletions d WHERE ${inLane} AND d.is_urgent
              ORDER BY d.ready_at, d.id LIMIT lane.total)
             UNION ALL
             (SELECT d.id, d.is_urgent, d.ready_at FROM deletions d WHERE ${inLane} AND NOT d.is_urgent
              ORDER BY d.ready_at, d.id LIMIT lane.normal)
           ) AS candidates ORDER BY place LIMIT lane.total
         ) AS next
         ORDER BY next.is_urgent DESC, next.place, lane.turn LIMIT $6
       ),
       -- What somebody else changes just now is left for the next look: no client's transaction holds up the others. Nor does
       -- what was cancelled leave, though its takedown's cancel has not come to it yet.
       locked AS (
         SELECT d.id, picked.slot_at FROM picked JOIN deletions d ON d.id = picked.id
         WHERE d.id = ANY (ARRAY(SELECT id FROM picked)) AND d.finished_at IS NULL AND d.dispatched_at IS NULL
           AND CASE WHEN ${IS_TAKEDOWN_CANCELLED} THEN ${IS_LAST_OUTCOME_UNKNOWN} ELSE true END
         ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
       ),
       taken AS (
         UPDATE deletions d SET state = 'queued', dispatched_at = now(), dispatches = d.dispatches + 1, slot_at = locked.slot_at, waiting_for = NULL, waiting_until = NULL
         FROM locked WHERE d.id = locked.id
         RETURNING d.id, d.merchant_id, d.request_id, d.dispatches, d.is_urgent, d.ready_at
       )
       SELECT id, merchant_id AS "merchantId", request_id AS "requestId", dispatches FROM taken ORDER BY is_urgent DESC, ready_at, id`,
      [
        open.map((lane) => lane.merchantId),
        open.map((lane) => lane.total),
        open.map((lane) => Math.min(lane.normal, most)),
        open.map((lane) => lane.firstSlotMs),
        open.map((lane) => lane.stepMs),
        room,
      ],
    );
  }

  /** A worker that has fallen behind gives many slots of one lane back at once: they share one lock of it. All or none. */
  private async refundAll(asked: Refund[]): Promise<void[]> {
    await this.dataSource.transaction(async (tx) => {
      // The lanes before their deletions, as the dispatcher takes them, and in one order, so that two processes do not clash.
      const locked = await lockLanes(
        tx,
        asked.map(({ merchantId }) => merchantId),
      );
      const lanes = new Map(locked.map((lane) => [lane.merchantId, lane]));
      const refunded = new Set<string>();
      for (const { merchantId, work } of asked) {
        const lane = lanes.get(merchantId);
        if (!lane || !(await work(tx))) continue;
        const after = { ...lane, ...refund(lane, lane.now, this.defaults) };
        for (const one of lanes.values()) {
          if (one.authorizerAppid === lane.authorizerAppid) lanes.set(one.merchantId, withLedgerOf(one, after));
        }
        lanes.set(merchantId, after);
        refunded.add(merchantId);
      }
      if (refunded.size === 0) return;
      await saveLanes(
        tx,
        [...lanes.values()].filter(({ merchantId }) => refunded.has(merchantId)),
      );
      await wakeSiblings(tx, [...refunded]);
    });
    return asked.map(() => undefined);
  }

  /** Changes a lane if `decide` finds a slot there and the platform has one too. */
  private async buy(merchantId: string, decide: (lane: LaneRow) => LaneState | undefined): Promise<boolean> {
    // Where many look for a slot, most find none, and need not wait for the lock to learn that.
    const seen = await readLane(this.dataSource, merchantId);
    if (seen && !decide(seen)) return false;
    return this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const changed = decide(lane);
      if (!changed) return false;
      const [merchant] = await rows<{ platformId: string }>(
        tx,
        `SELECT platform_id AS "platformId" FROM merchants WHERE id = $1`,
        [merchantId],
      );
      const platforms = await lockPlatforms(tx, merchant ? [merchant.platformId] : []);
      for (const platform of platforms.values()) {
        if (slotsAt(platform.nextSlotMs, platform.rate, lane.now).count < 1) return false;
        await savePlatform(tx, chargePlatform(platform, 1, lane.now));
      }
      await saveLanes(tx, [{ ...lane, ...changed }]);
      return true;
    });
  }

  /** @returns whether `decide` wanted a change */
  private async change(
    merchantId: string,
    decide: (lane: LaneRow) => LaneState | undefined,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const lane = await lockLane(tx, merchantId);
      const changed = decide(lane);
      if (changed) await saveLanes(tx, [{ ...lane, ...changed }]);
      await alongside?.(tx);
      return changed !== undefined;
    });
  }
}

/** SQL over a deletion `d`; one look at a primary key. What is retried after its cancelled takedown was closed may run. */
const IS_TAKEDOWN_CANCELLED = `(SELECT t.state = 'cancelled' AND t.finished_at IS NULL FROM takedowns t WHERE t.id = d.takedown_id)`;

/** Of each account the lane in front; `shared`: accounts of which there are more. */
function firstOfEachAccount(found: DueLane[]): { due: DueLane[]; shared: Set<string> } {
  const first = new Map<string, DueLane>();
  const shared = new Set<string>();
  for (const lane of found) {
    if (first.has(lane.authorizerAppid)) shared.add(lane.authorizerAppid);
    else first.set(lane.authorizerAppid, lane);
  }
  return { due: [...first.values()], shared };
}

/** A probe is one deletion, urgent or not. */
const atMost = (isProbe: boolean, { total, normal }: Allowance): Allowance =>
  isProbe ? { total: Math.min(1, total), normal: Math.min(1, normal) } : { total, normal };
