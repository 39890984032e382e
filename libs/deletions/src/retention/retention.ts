import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { forgetInSteps, idAt, microsOf, momentOf, rows } from '@app/database';
import { isEndedListed } from '../deletion/conditions.js';

/** The injection token of the deployment's RetentionDays. */
export const RETENTION_DAYS = Symbol('RetentionDays');

/** How many days something is kept after its end; 0: for ever. */
export interface RetentionDays {
  deletions: number;
  rejections: number;
}

export const KEPT_FOR_EVER: RetentionDays = { deletions: 0, rejections: 0 };

/** Fewer than of other tables: a step takes some hundredths of a second. */
const STEPS = 10;
/** A walk along deletions that has come to its end begins anew so often, for those that it had to pass over. */
const WALK_AGAIN_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** Goes along the deletions that ended in a state, in the order of `deletions_ended_at_idx`. */
interface Walk {
  state: 'succeeded' | 'failed' | 'cancelled';
  /** The last one that it has passed. */
  finishedMicros: string;
  id: string;
  begunAt: number;
  /** Behind the last one there may be more that is old enough. */
  isBehind: boolean;
}

const START = { finishedMicros: '0', id: '00000000-0000-0000-0000-000000000000' };

/**
 * Deletes what has been kept for long enough, in small steps, each of them one statement. Every worker may do it at
 * once: rows that another one has locked are passed over. A takedown goes before its deletions, so that its proof is
 * whole for as long as it can be asked for, and a deletion stays while a takedown links it. Of a deletion that
 * succeeded, its target stays known to be gone.
 */
@Injectable()
export class Retention {
  private readonly walks: Walk[];

  constructor(
    private readonly dataSource: DataSource,
    @Inject(RETENTION_DAYS) private readonly days: RetentionDays,
  ) {
    const states = ['succeeded', 'failed', 'cancelled'] as const;
    this.walks = states.map((state) => ({ state, ...START, begunAt: performance.now(), isBehind: false }));
  }

  async forgetOld(): Promise<void> {
    if (this.days.rejections > 0) await forgetInSteps((atMost) => this.forgetRejections(atMost), STEPS);
    if (this.days.deletions === 0) return;
    await forgetInSteps((atMost) => this.hideTakedowns(atMost), STEPS);
    await forgetInSteps((atMost) => this.forgetHidden(atMost), STEPS);
    for (const walk of this.walks) await forgetInSteps((atMost) => this.forgetDeletions(walk, atMost), STEPS);
  }

  /** By how much the oldest rows that should have gone outlive their days, by table. What has to stay is not late. */
  async lateMs(): Promise<{ deletions: number; takedown_rejections: number }> {
    const lateMs = (since: number[], days: number) =>
      Math.max(0, ...since.map((at) => Date.now() - at - days * DAY_MS));
    const behind = this.walks.filter(({ isBehind }) => isBehind);
    return {
      deletions: lateMs(
        behind.map(({ finishedMicros }) => Number(finishedMicros) / 1_000),
        this.days.deletions,
      ),
      takedown_rejections: this.days.rejections > 0 ? lateMs(await this.oldestRejection(), this.days.rejections) : 0,
    };
  }

  /** @returns when its takedown was asked for, by its id; none where there is no rejection */
  private async oldestRejection(): Promise<number[]> {
    const oldest = await rows<{ id: string }>(
      this.dataSource,
      `SELECT takedown_id AS id FROM takedown_rejections ORDER BY takedown_id LIMIT 1`,
    );
    return oldest.map(({ id }) => parseInt(id.replace('-', '').slice(0, 12), 16));
  }

  /** In the order of their key, which begins with the time at which the takedown was asked for. */
  private forgetRejections(atMost: number): Promise<number> {
    return this.count(
      `WITH gone AS (
         DELETE FROM takedown_rejections WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM takedown_rejections WHERE takedown_id < $1
           ORDER BY takedown_id, line LIMIT ${atMost} FOR UPDATE SKIP LOCKED))
         RETURNING 1
       ) SELECT count(*)::int FROM gone`,
      idAt(Date.now() - this.days.rejections * DAY_MS),
    );
  }

  /** Nobody sees them from then on. While a deletion is open, as after a retry, nothing is settled. */
  private hideTakedowns(atMost: number): Promise<number> {
    return this.count(
      `WITH hidden AS (
         UPDATE takedowns SET forgotten_at = now() WHERE id = ANY(ARRAY(
           SELECT id FROM takedowns
           WHERE finished_at < now() - $1 * interval '1 day' AND forgotten_at IS NULL AND settled_counts IS NOT NULL
           ORDER BY finished_at LIMIT ${atMost} FOR UPDATE SKIP LOCKED))
         RETURNING 1
       ) SELECT count(*)::int FROM hidden`,
      this.days.deletions,
    );
  }

  /** What hangs on hidden takedowns goes, and then they go themselves. */
  private async forgetHidden(atMost: number): Promise<number> {
    const hidden = await rows<{ id: string }>(
      this.dataSource,
      `SELECT id FROM takedowns WHERE forgotten_at IS NOT NULL ORDER BY id LIMIT ${atMost}`,
    );
    if (hidden.length === 0) return 0;
    const ids = hidden.map(({ id }) => id);
    const hanging = await this.count(
      `WITH links AS (DELETE FROM takedown_links WHERE ctid = ANY(${placesIn('takedown_links', atMost)}) RETURNING 1),
         rejections AS (
           DELETE FROM takedown_rejections WHERE ctid = ANY(${placesIn('takedown_rejections', atMost)}) RETURNING 1),
         items AS (DELETE FROM takedown_items WHERE ctid = ANY(${placesIn('takedown_items', atMost)}) RETURNING 1)
       SELECT (SELECT count(*) FROM links)::int + (SELECT count(*) FROM rejections)::int
         + (SELECT count(*) FROM items)::int AS count`,
      ids,
    );
    return (
      hanging +
      (await this.count(
        `WITH gone AS (
         DELETE FROM takedowns WHERE id = ANY(ARRAY(
           SELECT t.id FROM takedowns t WHERE t.id = ANY($1::uuid[]) AND ${firstIn('takedown_links')} IS NULL
             AND ${firstIn('takedown_rejections')} IS NULL AND ${firstIn('takedown_items')} IS NULL
           FOR UPDATE OF t SKIP LOCKED))
         RETURNING 1
       ) SELECT count(*)::int FROM gone`,
        ids,
      ))
    );
  }

  /**
   * The oldest end first. What has to stay is passed over, however much that is. What is not tallied yet stays, for
   * counters are made of it.
   * @returns how many it has looked at
   */
  private async forgetDeletions(walk: Walk, atMost: number): Promise<number> {
    const [passed] = await rows<{ count: number; last: Pick<Walk, 'finishedMicros' | 'id'> | null }>(
      this.dataSource,
      `WITH passed AS MATERIALIZED (
         SELECT d.id, d.finished_at FROM deletions d
         WHERE ${isEndedListed('d')} AND d.state = $1 AND (d.finished_at, d.id) > (${momentOf('$2')}, $3::uuid)
           AND d.finished_at < LEAST(
             now() - $4 * interval '1 day', (SELECT tallied_until FROM deletion_tally_marks))
         ORDER BY d.finished_at, d.id LIMIT ${atMost}
       ), old AS MATERIALIZED (
         -- Each is looked up: joins could read all takedowns and links.
         SELECT d.* FROM deletions d WHERE d.id = ANY(ARRAY(SELECT id FROM passed))
           AND d.state = $1 AND d.finished_at < now() - $4 * interval '1 day'
           AND (SELECT t.id FROM takedowns t WHERE t.id = d.takedown_id) IS NULL
           AND (SELECT l.takedown_id FROM takedown_links l WHERE l.deletion_id = d.id LIMIT 1) IS NULL
         FOR UPDATE OF d SKIP LOCKED
       ), known AS (
         INSERT INTO gone_targets (id, merchant_id, msg_id, target_key, proof, created_at, finished_at)
         SELECT id, merchant_id, msg_id, target_key, proof, created_at, finished_at FROM old WHERE state = 'succeeded'
       ), calls AS (
         DELETE FROM deletion_attempts WHERE deletion_id = ANY(ARRAY(SELECT id FROM old))
       ), gone AS (
         DELETE FROM deletions WHERE id = ANY(ARRAY(SELECT id FROM old))
       ), marked AS (
         UPDATE deletion_tally_marks SET pruned_until = GREATEST(pruned_until, (SELECT max(finished_at) FROM old))
         WHERE EXISTS (SELECT 1 FROM old)
       )
       SELECT count(*)::int AS count, (
         SELECT json_build_object('finishedMicros', ${microsOf('finished_at')}, 'id', id) FROM passed
         ORDER BY finished_at DESC, id DESC LIMIT 1) AS last
       FROM passed`,
      [walk.state, walk.finishedMicros, walk.id, this.days.deletions],
    );
    const { count = 0, last = null } = passed ?? {};
    const isDue = performance.now() - walk.begunAt > WALK_AGAIN_MS;
    if (last) Object.assign(walk, last);
    walk.isBehind = count === atMost;
    if (count < atMost && isDue) Object.assign(walk, START, { begunAt: performance.now() });
    return count;
  }

  private async count(text: string, parameter: unknown): Promise<number> {
    const [found] = await rows<{ count: number }>(this.dataSource, text, [parameter]);
    return found?.count ?? 0;
  }
}

/** SQL over an id: rows of one takedown, by their key alone: to Postgres, other ways to a few of them look as short. */
const ofTakedown = (id: string) => `takedown_id BETWEEN ${id} AND ${id} ORDER BY takedown_id`;

/** SQL: the places of rows of the takedowns $1. They are locked, so they stay there. */
const placesIn = (table: string, atMost: number) => `ARRAY(
  SELECT one.ctid FROM unnest($1::uuid[]) AS t (id) CROSS JOIN LATERAL (
    SELECT ctid FROM ${table} WHERE ${ofTakedown('t.id')} LIMIT ${atMost} FOR UPDATE SKIP LOCKED) AS one LIMIT ${atMost})`;

/** SQL over a takedown `t`: its id, if there is a row of it. */
const firstIn = (table: string) => `(SELECT takedown_id FROM ${table} WHERE ${ofTakedown('t.id')} LIMIT 1)`;
