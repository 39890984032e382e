import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows, statement, type Bind } from '@app/database';
import { Events } from '@app/events';
import { EVERYTHING, type Scope } from '@app/scope';
import { isOpenListed } from '../deletion/conditions.js';
import { SEEN_FROM, SEEN_STATE } from '../requests/deletion-view.js';
import { LaneForecasts } from '../lanes/lane-forecasts.js';
import { TakedownNotFound } from '../errors.js';
import { keepProgress, readProgress, takeUnsought, type TakedownProgress } from './kept-progress.js';
import type { DeletionCounts, DeletionState } from '../deletion/states.js';
import type { Takedown } from './takedown.entity.js';
import type { TakedownRejection } from './takedown-item.js';
import { SEEN_TAKEDOWN_STATE, type TakedownState } from './takedown-states.js';

/** A takedown as outsiders see it: `pending` while nothing of it may run yet. */
export interface TakedownView extends Omit<
  Takedown,
  'state' | 'settledCounts' | 'progress' | 'progressSoughtAt' | 'forgottenAt'
> {
  state: Exclude<TakedownState, 'starting'> | 'pending';
  /** The name of the key that asked. */
  requestedByName: string | null;
}

export interface TakedownFilter {
  state?: TakedownView['state'] | undefined;
  /** Those that have not finished. */
  isUnderWay?: boolean | undefined;
  limit: number;
  /** Newest first: the id after which the page starts. */
  after?: string | undefined;
}

/** The progress of a takedown with fewer deletions is found out each time. */
const MANY = 1_000;
/** Whoever looks has it found out anew when it is so many times as old as that took, but not older than that. */
const SERVES_FOR = 20;
const SERVES_MS = 10_000;
/** A worker finds it out so often, though nobody looks. */
const KEPT_EVERY_MS = 30_000;
/** No worker does: it is not told any more. */
const TOO_OLD_MS = 60_000;
/** Ended takedowns that one look finds at most. */
const FINISH_AT_A_TIME = 100;

/** Takedowns as they are reported, and how each is closed once its deletions have ended. */
@Injectable()
export class Takedowns {
  private readonly logger = new Logger(Takedowns.name);
  /** The looks of this process at many deletions, by takedown: all who look at the same time share one. */
  private readonly looks = new Map<string, Promise<TakedownProgress>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly forecasts: LaneForecasts,
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

  async list(scope: Scope, { state, isUnderWay, limit, after }: TakedownFilter): Promise<TakedownView[]> {
    const { parameters, bind } = statement();
    const where = [
      within(scope, bind),
      after && `t.id < ${bind(after)}`,
      isUnderWay && `t.finished_at IS NULL`,
      state && `${STORED_WHEN[state]} AND ${SEEN_TAKEDOWN_STATE} = ${bind(state)}`,
    ].filter(Boolean);
    return rows(
      this.dataSource,
      `${SELECT_VIEW} WHERE ${where.join(' AND ')} ORDER BY t.id DESC LIMIT ${bind(limit)}`,
      parameters,
    );
  }

  /** How many of its deletions are in each state, those included that were open or had succeeded before. */
  async counts(id: string, tx: EntityManager = this.dataSource.manager): Promise<DeletionCounts> {
    return (await this.settledCounts(id, tx)) ?? (await this.count(tx, id));
  }

  private async settledCounts(id: string, tx: EntityManager = this.dataSource.manager): Promise<DeletionCounts | null> {
    const [settled] = await rows<{ counts: DeletionCounts | null }>(
      tx,
      `SELECT settled_counts AS counts FROM takedowns WHERE id = $1`,
      [id],
    );
    return settled?.counts ?? null;
  }

  /** What is behind it and before it. That of many deletions is kept for those who look later. */
  async progress(takedown: TakedownView): Promise<TakedownProgress> {
    const { id, isUrgent, finishedAt } = takedown;
    const settled = finishedAt === null ? null : await this.settledCounts(id);
    if (settled) return { counts: settled, eta: null };
    const began = performance.now();
    const { eta } = await this.forecasts.ofTakedown(id, isUrgent);
    const progress = { counts: await this.counts(id), eta };
    if (isKept(takedown)) await keepProgress(this.dataSource, takedown, progress, performance.now() - began);
    return progress;
  }

  /**
   * The same for those who look again and again until it has ended. To find it out costs by deletion: that of many is
   * told as somebody found it out some seconds ago, and found out anew behind the back of those who look.
   */
  async recentProgress(takedown: TakedownView): Promise<TakedownProgress> {
    if (!isKept(takedown)) return this.progress(takedown);
    return this.shared(`${takedown.id} ${takedown.state} recent`, async () => {
      const anew = () => this.shared(`${takedown.id} ${takedown.state}`, () => this.progress(takedown));
      const kept = await readProgress(this.dataSource, takedown);
      if (!kept || kept.ageMs > TOO_OLD_MS) return anew();
      const { counts, eta, ageMs, tookMs } = kept;
      if (ageMs > Math.min(tookMs * SERVES_FOR, SERVES_MS)) {
        anew().catch((error: unknown) =>
          this.logger.warn('progress is left as it is', { takedown_id: takedown.id, error }),
        );
      }
      return { counts, eta };
    });
  }

  /**
   * Finds out the progress of one takedown with many deletions that nobody has looked at for a while. Whoever comes
   * second has another one, or none.
   */
  async keepProgress(): Promise<void> {
    const id = await takeUnsought(this.dataSource, MANY, KEPT_EVERY_MS);
    if (id !== undefined) await this.progress(await this.get(EVERYTHING, id));
  }

  private shared(key: string, look: () => Promise<TakedownProgress>): Promise<TakedownProgress> {
    const shared = this.looks.get(key) ?? look().finally(() => this.looks.delete(key));
    this.looks.set(key, shared);
    return shared;
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
         SELECT ${SEEN_STATE}, count(*) ${SEEN_FROM}
         WHERE d.id IN (SELECT deletion_id FROM takedown_links WHERE takedown_id = $1) GROUP BY 1
         UNION ALL
         SELECT 'succeeded', count(*) FROM takedown_links l JOIN gone_targets g ON g.id = l.deletion_id
         WHERE l.takedown_id = $1 AND l.was_deleted HAVING count(*) > 0
       ) seen (state, count) GROUP BY state`,
      [id],
    );
    return { ...NONE, ...Object.fromEntries(found.map(({ state, count }) => [state, count])) };
  }

  /** By line. `after`: the line after which the page starts. */
  async rejections(id: string, limit: number, after = 0): Promise<TakedownRejection[]> {
    return rows(
      this.dataSource,
      `SELECT line, code, detail, excerpt FROM takedown_rejections WHERE takedown_id = $1 AND line > $2
       ORDER BY line LIMIT $3`,
      [id, after, limit],
    );
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
          `UPDATE takedowns SET finished_at = now(), progress = NULL,
             state = CASE WHEN state = 'running' THEN 'finished' ELSE state END
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
      `SELECT id FROM takedowns WHERE finished_at IS NULL AND state = $1 AND heard_at < now() - $2 * interval '1 ms'
       ORDER BY id`,
      [state, forMs],
    );
    return found.map(({ id }) => id);
  }

  /** Of what became of it, with its counts. */
  async tell(type: 'takedown.cancelled' | 'takedown.finished', id: string, tx: EntityManager): Promise<void> {
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

const isKept = ({ finishedAt, accepted, alreadyOpen, alreadyDeleted }: TakedownView) =>
  finishedAt === null && accepted + alreadyOpen + alreadyDeleted >= MANY;

/**
 * SQL over a takedown `t`: each of its deletions has ended. OFFSET and BETWEEN keep Postgres from reading the links of other takedowns:
 * where nearly all are of one, it takes those of each for as many, and reads the whole table. Of a range it expects few.
 */
const HAS_NONE_OPEN = `NOT EXISTS (SELECT 1 FROM deletions d WHERE d.takedown_id = t.id AND d.finished_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM (SELECT deletion_id FROM takedown_links WHERE takedown_id BETWEEN t.id AND t.id OFFSET 0) l
    JOIN deletions d ON d.id = l.deletion_id WHERE ${isOpenListed('d')} OFFSET 0)`;

/** SQL over a takedown `t`: what is stored of all that look to be in a state, by which they are found. */
const STORED_WHEN: Record<TakedownView['state'], string> = {
  receiving: 't.finished_at IS NULL',
  pending: 't.finished_at IS NULL',
  running: 't.finished_at IS NULL',
  finished: `t.state = 'finished'`,
  cancelled: `t.state = 'cancelled'`,
};

const SELECT_VIEW = `
  SELECT t.id, ${SEEN_TAKEDOWN_STATE} AS state, t.is_urgent AS "isUrgent", t.reason, t.metadata, t.undo_seconds AS "undoSeconds",
    t.undo_until AS "undoUntil", t.accepted, t.already_open AS "alreadyOpen", t.already_deleted AS "alreadyDeleted",
    t.rejected, t.cancel_code AS "cancelCode",
    t.requested_by AS "requestedBy", (SELECT k.name FROM api_keys k WHERE k.id = t.requested_by) AS "requestedByName",
    t.request_id AS "requestId", t.scope_platforms AS "scopePlatforms",
    t.scope_merchants AS "scopeMerchants", t.hastens_at AS "hastensAt", t.heard_at AS "heardAt",
    t.created_at AS "createdAt", t.started_at AS "startedAt",
    t.cancelled_at AS "cancelledAt", t.finished_at AS "finishedAt"
  FROM takedowns t`;

/** Whoever is limited sees the takedowns that were asked for within the same limits, or narrower ones. */
function within(scope: Scope, bind: Bind): string {
  const limits = [
    't.forgotten_at IS NULL',
    scope.platforms && `t.scope_platforms <@ ${bind(scope.platforms)}::text[]`,
    scope.merchants && `t.scope_merchants <@ ${bind(scope.merchants)}::text[]`,
  ].filter((limit) => limit !== null);
  return limits.join(' AND ');
}
