import { channel } from 'node:diagnostics_channel';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { prepared, recordset, statement } from '@app/database';
import { SURELY_REFUSED } from '@app/merchants';
import {
  endAs,
  IS_LAST_OUTCOME_UNKNOWN,
  IS_TRIED_ANYWAY,
  isFoundInLane,
  isInLane,
  isReadyInLane,
} from '../deletion/conditions.js';
import { tellOf } from '../deletion/deletion-events.js';
import { allowance, charge, slotting, type Allowance } from '../pacing/lane.js';
import { PACING_DEFAULTS, type PacingDefaults } from '../pacing/pacing-defaults.js';
import { chargePlatform, dealOut, type Wanting } from '../pacing/platform-rate.js';
import { AWAITS_FACTS, FACTS_LOOK } from './facts-wait.js';
import { IS_LANE_HELD, IS_PROBE_LANE, noteProbes, PROBE_AT, WITH_HOLD } from './hold-conditions.js';
import { LANE_COLUMNS, saveLanes, type LaneRow } from './lane-rows.js';
import { lockPlatforms, savePlatform } from './platform-rate-rows.js';

export interface Dispatched {
  id: string;
  requestId: string;
  traceparent: string | null;
  /** How often it has left its lane, this time included. */
  dispatches: number;
}

interface Picked extends Dispatched {
  merchantId: string;
}

interface DueLane extends LaneRow {
  dueAt: Date;
  platformId: string;
  /** WeChat told a rate for the whole platform. */
  isPaced: boolean;
  grantGone: string | null;
  /**
   * Some of its deletions are tried whatever is known of the merchant. The others leave with them, and fail uncalled.
   */
  hasTries: boolean;
  /** No call may be made before: its platform is held, or nothing is known of its merchant. */
  heldUntil: Date | null;
  /** Its platform is held, and one deletion of this lane goes ahead to see whether it works again. */
  isProbe: boolean;
}

/** A lane that may hand deletions out, and since when it was due. */
type WantingSince = Wanting & { dueMs: number };

/** One look of the dispatcher that found lanes. */
export interface DispatchLook {
  /** So long ago the first of them was due. */
  lagMs: number;
}

/** Each look is published here. A listener must not throw. */
export const dispatchLooks = channel('retract.dispatch-looks');

/** At most so many lanes in one look, so that its transaction stays short. */
const LANES_PER_LOOK = 200;
/** Written into the statement, which is planned once for each: a plan for any number at all may read every lane. */
const lanesFor = (room: number) => Math.min(LANES_PER_LOOK, 2 ** Math.ceil(Math.log2(Math.max(1, room))));
/** A lane that got nothing lets its account's other lanes go first, for so long. */
const PASS_MS = 50;
const WAKES_PER_LOOK = 5_000;
const FAILED_PER_LOOK = 2_000;
/** How often a lane is looked at while its platform is held: the end of the hold wakes it. */
const HELD_LOOK_S = 30;

/** Hands deletions out of their lanes, and charges rate and quota for them as they leave. */
@Injectable()
export class LaneDispatch {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(PACING_DEFAULTS) private readonly defaults: PacingDefaults,
  ) {}

  /**
   * Hands out what may run now from the lanes that are due, and charges rate and quota for it, in one transaction.
   * Lanes of merchants whose grant is gone are emptied: their deletions fail without a call. Lanes of a held platform
   * are put off, and so are lanes of merchants of whom nothing is known. The lanes of one account share a ledger: each
   * look takes the one that has been due longest.
   * The worker looks all the time, so what it looks with is prepared.
   * @param room at most so many, one of each lane before a second of any; lanes that get nothing come first in the next
   * look
   */
  async dispatch(room = LANES_PER_LOOK): Promise<Dispatched[]> {
    return this.dataSource.transaction(async (tx) => {
      await this.heedWakes(tx);
      const limit = lanesFor(room);
      const found = await prepared<DueLane>(
        tx,
        `look at ${limit} lanes`,
        `SELECT p.merchant_id AS "merchantId", m.platform_id AS "platformId", p.due_at AS "dueAt", ${LANE_COLUMNS},
           ${SURELY_REFUSED} AS "grantGone",
           CASE WHEN ${SURELY_REFUSED} IS NOT NULL THEN EXISTS (
             SELECT 1 FROM deletions d WHERE d.merchant_id = m.id AND ${isInLane('d')} AND ${IS_TRIED_ANYWAY})
           ELSE false END AS "hasTries",
           CASE WHEN ${IS_LANE_HELD} THEN GREATEST(${PROBE_AT}, now() + interval '${HELD_LOOK_S} s')
                WHEN ${AWAITS_FACTS} THEN now() + ${FACTS_LOOK} END AS "heldUntil",
           ${IS_PROBE_LANE} AS "isProbe",
           COALESCE(pp.learned_calls > 0, false) AS "isPaced"
         FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id JOIN platforms pl ON pl.id = m.platform_id
           JOIN account_ledgers a ON a.authorizer_appid = m.authorizer_appid
           ${WITH_HOLD} LEFT JOIN platform_pacing pp ON pp.platform_id = m.platform_id
           LEFT JOIN access_tokens t ON t.holder_id = m.id
         WHERE p.due_at <= now() ORDER BY p.due_at LIMIT ${limit} FOR UPDATE OF p, a SKIP LOCKED`,
        [],
      );
      const [longestDue] = found;
      if (!longestDue) return [];
      const { now, dueAt } = longestDue;
      dispatchLooks.publish({ lagMs: now.getTime() - dueAt.getTime() } satisfies DispatchLook);
      const { due, shared } = firstOfEachAccount(found);
      const closed = due.filter((lane) => lane.grantGone !== null);
      if (closed.length > 0) await this.failAll(tx, closed);
      const { picked, notBefore } = await this.pick(tx, due, room);
      const countOf = new Map<string, number>();
      for (const { merchantId } of picked) countOf.set(merchantId, (countOf.get(merchantId) ?? 0) + 1);
      const charged = due.map((lane) => {
        const count = countOf.get(lane.merchantId) ?? 0;
        const after = charge(lane, count, lane.now, this.defaults);
        // Its siblings are due with the account's next slot, too. It goes behind them, so that they take turns.
        const turnMs = count > 0 ? after.nextSlotMs + 1 : lane.now.getTime() + PASS_MS;
        const behind = shared.has(lane.authorizerAppid) ? new Date(turnMs) : null;
        return { ...lane, ...after, notBefore: lane.heldUntil ?? notBefore.get(lane.merchantId) ?? behind };
      });
      await saveLanes(tx, charged);
      const probes = new Set(due.filter(({ isProbe }) => isProbe).map(({ merchantId }) => merchantId));
      const sent = picked.filter(({ merchantId }) => probes.has(merchantId));
      if (sent.length > 0) await noteProbes(tx, sent);
      return picked;
    });
  }

  /** Sets the lanes of merchants whose grant is gone due: the next look empties them, however long they are shut. */
  async wakeClosed(): Promise<void> {
    await this.dataSource.query(
      `UPDATE merchant_pacing SET due_at = now() WHERE merchant_id = ANY(ARRAY(
         SELECT p.merchant_id FROM merchant_pacing p JOIN merchants m ON m.id = p.merchant_id
         -- The reasons are said for the index of the few ineligible merchants.
         WHERE p.due_at > now() AND m.ineligible_reasons <> '{}' AND ${SURELY_REFUSED} IS NOT NULL
         ORDER BY p.merchant_id FOR UPDATE OF p SKIP LOCKED))`,
    );
  }

  /**
   * Turns wakes into due lanes. A wake commits together with its deletion, so none is lost: one that commits after this
   * look is there for the next.
   */
  private async heedWakes(tx: EntityManager): Promise<void> {
    await prepared(
      tx,
      'heed wakes',
      `WITH heeded AS (
         -- Not IN: statistics from between bursts say that the table is empty, and each wake is then sought among all.
         DELETE FROM lane_wakes WHERE id = ANY(ARRAY(
           SELECT id FROM lane_wakes ORDER BY id LIMIT ${WAKES_PER_LOOK} FOR UPDATE SKIP LOCKED))
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
      [],
    );
  }

  /** Fails what waits in lanes whose merchant's grant is gone. The next look goes on with what one look leaves. */
  private async failAll(tx: EntityManager, closed: DueLane[]): Promise<void> {
    await tx.query(
      `WITH ended AS (
         UPDATE deletions d SET ${endAs('failed', SURELY_REFUSED)}
         FROM merchants m
         WHERE m.id = d.merchant_id AND ${SURELY_REFUSED} IS NOT NULL AND NOT ${IS_TRIED_ANYWAY} AND d.id = ANY(ARRAY(
           SELECT d.id FROM deletions d JOIN merchants m ON m.id = d.merchant_id
           WHERE d.merchant_id = ANY($1) AND ${isInLane('d')} AND NOT ${IS_TRIED_ANYWAY}
           LIMIT ${FAILED_PER_LOOK} FOR UPDATE OF d SKIP LOCKED))
         RETURNING d.*
       ) ${tellOf('ended')}`,
      [closed.map(({ merchantId }) => merchantId)],
    );
  }

  /** Picks urgent ones before normal ones, then the oldest first, as many as each lane and its platform allow. */
  private async pick(
    tx: EntityManager,
    due: DueLane[],
    room: number,
  ): Promise<{ picked: Picked[]; notBefore: Map<string, Date> }> {
    const wanting = due
      .filter((lane) => (lane.grantGone === null || lane.hasTries) && lane.heldUntil === null)
      .map((lane) => ({
        dueMs: lane.dueAt.getTime(),
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
    const picked = open.length > 0 ? await this.pickFrom(tx, open, room) : [];
    for (const platform of platforms.values()) {
      const ofPlatform = new Set(
        open.flatMap((lane) => (lane.platformId === platform.platformId ? lane.merchantId : [])),
      );
      const count = picked.filter(({ merchantId }) => ofPlatform.has(merchantId)).length;
      await savePlatform(tx, chargePlatform(platform, count, now));
    }
    return { picked, notBefore };
  }

  /**
   * Picks materialized and locks by an array: without that, Postgres, which has no statistics yet when thousands have
   * just come in, takes the candidates for few and picks anew for each of them. That took minutes. The UPDATE has no
   * array: it would be walked through once for each row.
   */
  private pickFrom(tx: EntityManager, open: WantingSince[], room: number): Promise<Picked[]> {
    // Normal ones that cannot leave anyway need not be read and sorted. Some lanes have less than their share, so that
    // others may have more.
    const most = Math.ceil((4 * room) / open.length);
    const offers = open.map((lane, turn) => ({ ...lane, normal: Math.min(lane.normal, most), turn }));
    const inLane = `d.merchant_id = lane.merchant_id AND ${isReadyInLane('d')}`;
    const { parameters, bind } = statement(room);
    const lanes = recordset(bind, 'lane', offers, {
      merchantId: 'uuid',
      total: 'int',
      normal: 'int',
      firstSlotMs: 'float8',
      stepMs: 'float8',
      dueMs: 'float8',
      turn: 'int',
    });
    return prepared(
      tx,
      'pick from lanes',
      `WITH lane AS (SELECT * FROM ${lanes}),
       picked AS MATERIALIZED (
         SELECT next.id, to_timestamp((lane.first_slot_ms + (next.place - 1) * lane.step_ms) / 1000) AS slot_at,
           GREATEST(next.ready_at, to_timestamp((lane.due_ms + (next.place - 1) * lane.step_ms) / 1000)) AS due_at
         FROM lane CROSS JOIN LATERAL (
           SELECT id, is_urgent, ready_at, row_number() OVER (ORDER BY is_urgent DESC, ready_at, id) AS place FROM (
             (SELECT d.id, d.is_urgent, d.ready_at FROM deletions d WHERE ${inLane} AND d.is_urgent
              ORDER BY d.ready_at, d.id LIMIT lane.total)
             UNION ALL
             (SELECT d.id, d.is_urgent, d.ready_at FROM deletions d WHERE ${inLane} AND NOT d.is_urgent
              ORDER BY d.ready_at, d.id LIMIT lane.normal)
           ) AS candidates ORDER BY place LIMIT lane.total
         ) AS next
         ORDER BY next.is_urgent DESC, next.place, lane.turn LIMIT $1
       ),
       -- A row that somebody else changes just now is left for the next look: no client's transaction holds others up.
       -- A deletion of a cancelled takedown stays too, also where the cancel has not come to it yet.
       locked AS (
         SELECT d.id, picked.slot_at, picked.due_at FROM picked JOIN deletions d ON d.id = picked.id
         WHERE d.id = ANY (ARRAY(SELECT id FROM picked)) AND ${isFoundInLane('d')}
           AND CASE WHEN ${IS_TAKEDOWN_CANCELLED} THEN ${IS_LAST_OUTCOME_UNKNOWN} ELSE true END
         ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
       ),
       taken AS (
         UPDATE deletions d SET state = 'queued', dispatched_at = now(), dispatches = d.dispatches + 1,
           slot_at = locked.slot_at, due_at = locked.due_at, waiting_for = NULL, waiting_until = NULL
         FROM locked WHERE d.id = locked.id
         RETURNING d.id, d.merchant_id, d.request_id, d.traceparent, d.dispatches, d.is_urgent, d.ready_at
       )
       SELECT id, merchant_id AS "merchantId", request_id AS "requestId", traceparent, dispatches
       FROM taken ORDER BY is_urgent DESC, ready_at, id`,
      parameters,
    );
  }
}

/**
 * SQL over a deletion `d`: its takedown was cancelled, and the cancel has not come to its end. A deletion that is
 * retried after that may run. It costs one look at a primary key.
 */
const IS_TAKEDOWN_CANCELLED = `(
  SELECT t.state = 'cancelled' AND t.finished_at IS NULL FROM takedowns t WHERE t.id = d.takedown_id)`;

/** @returns the lane in front of each account, and `shared`: the accounts that have more than one here */
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
