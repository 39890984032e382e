import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { EVERYTHING, type Scope } from '@app/scope';
import { SEEN_FROM, SEEN_STATE } from '../requests/deletion-view.js';
import { TakedownNotFound, TakedownStateConflict } from '../errors.js';
import { CAN_BE_STOPPED } from '../deletion/conditions.js';
import { statesBefore, type DeletionCounts, type DeletionState } from '../deletion/states.js';
import type { Takedown } from './takedown.entity.js';
import type { TakedownRejection } from './takedown-intake.js';
import { takedownStatesBefore, type TakedownState } from './takedown-states.js';
import { tellOf } from '../deletion/deletion-events.js';

/** A takedown as outsiders see it: `pending` while nothing of it may run yet. */
export interface TakedownView extends Omit<Takedown, 'state' | 'settledCounts'> {
  state: Exclude<TakedownState, 'starting'> | 'pending';
}

export interface TakedownFilter {
  state?: TakedownView['state'] | undefined;
  limit: number;
  /** Newest first: the id after which the page starts. */
  after?: string | undefined;
}

/** How many deletions one statement cancels: the dispatcher waits for those that it wants to take meanwhile. */
const CANCEL_BATCH = 5_000;
/** Before every id. */
const FIRST = '00000000-0000-0000-0000-000000000000';
/** Ended takedowns that one look finds at most. */
const FINISH_AT_A_TIME = 100;

/** Takedowns as reported and cancelled; how they come in is told in takedown-intake.ts. */
@Injectable()
export class Takedowns {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
  ) {}

  /** What is out of scope is not found, as if it were not there. @throws TakedownNotFound */
  async get(scope: Scope, id: string, tx: EntityManager = this.dataSource.manager): Promise<TakedownView> {
    const { parameters, bind } = statement(id);
    const [view] = await rows<TakedownView>(
      tx,
      `${SELECT_VIEW} WHERE t.id = $1 AND ${within(scope, bind)}`,
      parameters,
    );
    if (!view) throw new TakedownNotFound(id);
    return view;
  }

  async list(scope: Scope, { state, limit, after }: TakedownFilter): Promise<TakedownView[]> {
    const { parameters, bind } = statement();
    const where = [
      within(scope, bind),
      after && `t.id < ${bind(after)}`,
      state && `${STORED_WHEN[state]} AND ${SEEN_TAKEDOWN_STATE} = ${bind(state)}`,
    ].filter(Boolean);
    return rows(
      this.dataSource,
      `${SELECT_VIEW} WHERE ${where.join(' AND ')} ORDER BY t.id DESC LIMIT ${bind(limit)}`,
      parameters,
    );
  }

  /** How many of its deletions are in each state, those included that were open before. */
  async counts(id: string, tx: EntityManager = this.dataSource.manager): Promise<DeletionCounts> {
    const [settled] = await rows<{ counts: DeletionCounts | null }>(
      tx,
      `SELECT settled_counts AS counts FROM takedowns WHERE id = $1`,
      [id],
    );
    return settled?.counts ?? (await this.count(tx, id));
  }

  /** What has ended is counted in its index alone. */
  private async count(tx: EntityManager, id: string): Promise<DeletionCounts> {
    const found = await rows<{ state: DeletionState; count: number }>(
      tx,
      `SELECT state, sum(count)::int AS count FROM (
         SELECT d.state, count(*) FROM deletions d WHERE d.takedown_id = $1 AND d.finished_at IS NOT NULL GROUP BY 1
         UNION ALL
         SELECT ${SEEN_STATE}, count(*) ${SEEN_FROM} WHERE d.takedown_id = $1 AND d.finished_at IS NULL GROUP BY 1
         UNION ALL
         SELECT ${SEEN_STATE}, count(*) ${SEEN_FROM} WHERE d.id IN (SELECT deletion_id FROM takedown_links WHERE takedown_id = $1) GROUP BY 1
       ) seen (state, count) GROUP BY state`,
      [id],
    );
    return { ...NONE, ...Object.fromEntries(found.map(({ state, count }) => [state, count])) };
  }

  /** By line. `after`: the line after which the page starts. */
  async rejections(id: string, limit: number, after = 0): Promise<TakedownRejection[]> {
    return rows(
      this.dataSource,
      `SELECT line, code, detail, excerpt FROM takedown_rejections WHERE takedown_id = $1 AND line > $2 ORDER BY line LIMIT $3`,
      [id, after, limit],
    );
  }

  /**
   * Stops what was not dispatched; for each deletion one statement decides on which side of that it fell. Deletions that
   * were open before this takedown go on, and those that another one counts on become that one's. Cancelling again is harmless.
   * `takedown.cancelled` is told with the decision, so its counts are those from before; each deletion that is stopped is told of
   * after it.
   * @returns how many of its own deletions were stopped, and for how many it came too late
   * @throws TakedownNotFound, TakedownStateConflict when it has finished
   */
  async cancel(
    scope: Scope,
    id: string,
    alongside?: (tx: EntityManager) => Promise<void>,
  ): Promise<{ cancelled: number; tooLate: number }> {
    await this.get(scope, id);
    await this.dataSource.transaction(async (tx) => {
      const [closed] = await rows(
        tx,
        `UPDATE takedowns SET state = 'cancelled', cancel_code = 'requested', cancelled_at = now() WHERE id = $1 AND state = ANY($2)
         RETURNING id`,
        [id, takedownStatesBefore('cancelled')],
      );
      if (!closed) return;
      await tx.query(`DELETE FROM takedown_items WHERE takedown_id = $1`, [id]);
      await this.tell('takedown.cancelled', id, tx);
      await alongside?.(tx);
    });
    const { state } = await this.get(EVERYTHING, id);
    if (state !== 'cancelled') throw new TakedownStateConflict(id, state);
    await this.cancelRest(id);
    const [sides] = await rows<{ cancelled: number; tooLate: number }>(
      this.dataSource,
      `SELECT count(*) FILTER (WHERE state = 'cancelled')::int AS cancelled,
         count(*) FILTER (WHERE state <> 'cancelled' AND NOT ${CAN_BE_STOPPED})::int AS "tooLate"
       FROM deletions d WHERE takedown_id = $1`,
      [id],
    );
    return sides ?? { cancelled: 0, tooLate: 0 };
  }

  /** What is in the lanes of a takedown that was cancelled, whether or not its cancel came to its end. */
  async cancelRest(id: string): Promise<void> {
    let last: string | null = FIRST;
    while (last !== null) last = await this.cancelBatch(id, last);
  }

  /** Ids of takedowns that were cancelled although some of their deletions are in a lane: a cancel was cut short. */
  async cancelledWithRest(): Promise<string[]> {
    const found = await rows<{ id: string }>(
      this.dataSource,
      `SELECT id FROM takedowns t WHERE finished_at IS NULL AND state = 'cancelled' AND EXISTS (
         SELECT 1 FROM deletions d WHERE d.takedown_id = t.id AND ${CAN_BE_STOPPED})`,
    );
    return found.map(({ id }) => id);
  }

  /** Closes takedowns whose last deletion has ended, and tells of each once, whoever looks and how often. */
  async finishEnded(): Promise<void> {
    const ended = await rows<{ id: string }>(
      this.dataSource,
      `SELECT id FROM takedowns t WHERE finished_at IS NULL AND state IN ('running', 'cancelled') AND ${HAS_NONE_OPEN}
       LIMIT ${FINISH_AT_A_TIME}`,
    );
    for (const { id } of ended) {
      await this.dataSource.transaction(async (tx) => {
        const [finished] = await rows(
          tx,
          `UPDATE takedowns SET finished_at = now(), state = CASE WHEN state = 'running' THEN 'finished' ELSE state END
           WHERE id = $1 AND finished_at IS NULL RETURNING id`,
          [id],
        );
        if (finished) await this.tell('takedown.finished', id, tx);
      });
    }
  }

  /**
   * Stores the counts of takedowns whose last deletion has ended, for those who look at them later. Whoever opens a deletion again
   * takes them away. With the row locked, such a one has committed before the count or waits until it is stored.
   */
  async settleEnded(): Promise<void> {
    const ended = await rows<{ id: string }>(
      this.dataSource,
      `SELECT id FROM takedowns t WHERE finished_at IS NOT NULL AND settled_counts IS NULL AND ${HAS_NONE_OPEN}
       ORDER BY id LIMIT ${FINISH_AT_A_TIME}`,
    );
    for (const { id } of ended) {
      await this.dataSource.transaction(async (tx) => {
        const [locked] = await rows(
          tx,
          `SELECT id FROM takedowns WHERE id = $1 AND settled_counts IS NULL FOR UPDATE`,
          [id],
        );
        if (!locked) return;
        const counts = await this.count(tx, id);
        if (OPEN_STATES.some((state) => counts[state] > 0)) return;
        await tx.query(`UPDATE takedowns SET settled_counts = $2 WHERE id = $1`, [id, counts]);
      });
    }
  }

  /** Those whose undo window has passed, and who found deletions open that are not as pressing yet. */
  async toHasten(): Promise<string[]> {
    const found = await rows<{ id: string }>(
      this.dataSource,
      `SELECT id FROM takedowns WHERE finished_at IS NULL AND state = 'running' AND hastens_at <= now() ORDER BY id`,
    );
    return found.map(({ id }) => id);
  }

  /** Takedowns whose process has fallen silent. */
  async silent(state: 'receiving' | 'starting', forMs: number): Promise<string[]> {
    const found = await rows<{ id: string }>(
      this.dataSource,
      `SELECT id FROM takedowns WHERE finished_at IS NULL AND state = $1 AND heard_at < now() - $2 * interval '1 ms' ORDER BY id`,
      [state, forMs],
    );
    return found.map(({ id }) => id);
  }

  /**
   * Passes over rows that somebody else has locked: waiting for the dispatcher while it waits for us would never end. What
   * it leaves in the lane the next look of the watch finds. What another takedown counts on is handed over to the one that
   * wants it first, whose own undo window it then waits for, and stays linked to this one. So does what a key asked for, too, that
   * reaches beyond the limits of this takedown; that goes on alone.
   * @returns the last id of the batch, null when there is no more
   */
  private async cancelBatch(id: string, after: string): Promise<string | null> {
    const [batch] = await rows<{ last: string | null }>(
      this.dataSource,
      `WITH open AS (
         SELECT d.id, d.asked_url, heir.id AS heir_id, heir.is_urgent, heir.hastens_at, heir.asked_url AS heir_asked_url,
           heir.id IS NOT NULL OR EXISTS (
             SELECT 1 FROM unnest(d.also_requested_by) AS k (id) WHERE NOT asked_within(k.id, own.scope_platforms, own.scope_merchants)
           ) AS is_wanted
         FROM takedowns own JOIN deletions d ON d.takedown_id = own.id LEFT JOIN LATERAL (
           SELECT t.id, t.is_urgent, t.hastens_at, l.asked_url FROM takedown_links l JOIN takedowns t ON t.id = l.takedown_id
           WHERE l.deletion_id = d.id AND t.finished_at IS NULL AND t.state <> 'cancelled'
           ORDER BY t.hastens_at NULLS FIRST, t.id LIMIT 1
         ) AS heir ON true
         WHERE own.id = $1 AND ${CAN_BE_STOPPED} AND d.state = ANY($2) AND d.id > $3
         ORDER BY d.id LIMIT ${CANCEL_BATCH} FOR UPDATE OF d SKIP LOCKED
       ),
       handed AS (
         UPDATE deletions d SET takedown_id = open.heir_id, asked_url = COALESCE(open.heir_asked_url, d.asked_url),
           is_urgent = d.is_urgent OR COALESCE(open.is_urgent, false), ready_at = CASE
           WHEN open.hastens_at IS NULL THEN d.ready_at
           WHEN d.state = 'waiting' THEN GREATEST(d.ready_at, open.hastens_at) ELSE open.hastens_at END
         FROM open WHERE d.id = open.id AND open.is_wanted RETURNING d.id, d.takedown_id, d.asked_url, d.merchant_id, d.ready_at
       ),
       woken AS (INSERT INTO lane_wakes (merchant_id, ready_at) SELECT DISTINCT merchant_id, ready_at FROM handed),
       linked AS (
         UPDATE takedown_links l SET takedown_id = $1, asked_url = open.asked_url FROM open WHERE l.takedown_id = open.heir_id AND l.deletion_id = open.id
       ),
       left_alone AS (
         INSERT INTO takedown_links (takedown_id, deletion_id, asked_url) SELECT $1::uuid, id, asked_url FROM handed WHERE takedown_id IS NULL ON CONFLICT DO NOTHING
       ),
       cancelled AS (
         UPDATE deletions d SET state = 'cancelled', outcome_code = 'cancelled', waiting_for = NULL, waiting_until = NULL,
           finished_at = now()
         FROM open WHERE d.id = open.id AND NOT open.is_wanted RETURNING d.*
       ),
       told AS (${tellOf('cancelled')})
       SELECT max(id::text)::uuid AS last FROM open`,
      [id, statesBefore('cancelled'), after],
    );
    return batch?.last ?? null;
  }

  private async tell(type: 'takedown.cancelled' | 'takedown.finished', id: string, tx: EntityManager): Promise<void> {
    const { scopePlatforms: platforms, scopeMerchants: merchants, ...takedown } = await this.get(EVERYTHING, id, tx);
    const { accepted, alreadyOpen, alreadyDeleted, rejected } = takedown;
    const data = {
      counts: await this.counts(id, tx),
      accepted,
      already_open: alreadyOpen,
      already_deleted: alreadyDeleted,
      rejected,
    };
    await this.events.append(tx, { type, takedownId: id, scope: { platforms, merchants }, data });
  }
}

const NONE: DeletionCounts = {
  scheduled: 0,
  queued: 0,
  running: 0,
  waiting: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
};

const OPEN_STATES = ['scheduled', 'queued', 'running', 'waiting'] as const satisfies DeletionState[];

/** SQL over a takedown `t`: each of its deletions has ended. */
const HAS_NONE_OPEN = `NOT EXISTS (SELECT 1 FROM deletions d WHERE d.takedown_id = t.id AND d.finished_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM takedown_links l JOIN deletions d ON d.id = l.deletion_id WHERE l.takedown_id = t.id AND d.finished_at IS NULL)`;

/** SQL over a takedown `t`: what is stored of all that look to be in a state, by which they are found. */
const STORED_WHEN: Record<TakedownView['state'], string> = {
  receiving: 't.finished_at IS NULL',
  pending: 't.finished_at IS NULL',
  running: 't.finished_at IS NULL',
  finished: `t.state = 'finished'`,
  cancelled: `t.state = 'cancelled'`,
};

const SEEN_TAKEDOWN_STATE = `CASE WHEN t.state = 'starting' THEN 'receiving' WHEN t.state = 'running' AND t.undo_until > now() THEN 'pending' ELSE t.state END`;

const SELECT_VIEW = `
  SELECT t.id, ${SEEN_TAKEDOWN_STATE} AS state, t.is_urgent AS "isUrgent", t.reason, t.metadata, t.undo_seconds AS "undoSeconds",
    t.undo_until AS "undoUntil", t.accepted, t.already_open AS "alreadyOpen", t.already_deleted AS "alreadyDeleted", t.rejected, t.cancel_code AS "cancelCode",
    t.requested_by AS "requestedBy", t.request_id AS "requestId", t.scope_platforms AS "scopePlatforms",
    t.scope_merchants AS "scopeMerchants", t.hastens_at AS "hastensAt", t.heard_at AS "heardAt", t.created_at AS "createdAt", t.started_at AS "startedAt",
    t.cancelled_at AS "cancelledAt", t.finished_at AS "finishedAt"
  FROM takedowns t`;

/** Whoever is limited sees the takedowns that were asked for within the same limits, or narrower ones. */
function within(scope: Scope, bind: (value: unknown) => string): string {
  const limits = [
    scope.platforms && `t.scope_platforms <@ ${bind(scope.platforms)}::text[]`,
    scope.merchants && `t.scope_merchants <@ ${bind(scope.merchants)}::text[]`,
  ].filter((limit) => limit !== null);
  return limits.length > 0 ? limits.join(' AND ') : 'TRUE';
}

function statement(...parameters: unknown[]) {
  return { parameters, bind: (value: unknown) => `$${parameters.push(value)}` };
}
