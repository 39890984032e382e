import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rows } from '@app/database';
import { EVERYTHING, type Scope } from '@app/scope';
import { CAN_BE_STOPPED, endAs } from '../deletion/conditions.js';
import { insertWakes } from '../lanes/lane-wakes.js';
import { tellOf } from '../deletion/deletion-events.js';
import { statesBefore } from '../deletion/states.js';
import { TakedownStateConflict } from '../errors.js';
import { takedownStatesBefore } from './takedown-states.js';
import { Takedowns } from './takedowns.js';

/** How many deletions one statement cancels: the dispatcher waits for those that it wants to take meanwhile. */
const CANCEL_BATCH = 5_000;
/** Before every id. */
const FIRST = '00000000-0000-0000-0000-000000000000';
/** Stops takedowns. */
@Injectable()
export class TakedownCancel {
  constructor(
    private readonly dataSource: DataSource,
    private readonly takedowns: Takedowns,
  ) {}

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
    await this.takedowns.get(scope, id);
    await this.dataSource.transaction(async (tx) => {
      const [closed] = await rows(
        tx,
        `UPDATE takedowns SET state = 'cancelled', cancel_code = 'requested', cancelled_at = now()
         WHERE id = $1 AND state = ANY($2)
         RETURNING id`,
        [id, takedownStatesBefore('cancelled')],
      );
      if (!closed) return;
      await tx.query(`DELETE FROM takedown_items WHERE takedown_id = $1`, [id]);
      await this.takedowns.tell('takedown.cancelled', id, tx);
      await alongside?.(tx);
    });
    const { state } = await this.takedowns.get(EVERYTHING, id);
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
             SELECT 1 FROM unnest(d.also_requested_by) AS k (id)
             WHERE NOT asked_within(k.id, own.scope_platforms, own.scope_merchants)
           ) AS is_wanted
         FROM takedowns own JOIN deletions d ON d.takedown_id = own.id LEFT JOIN LATERAL (
           SELECT t.id, t.is_urgent, t.hastens_at, l.asked_url FROM takedown_links l
           JOIN takedowns t ON t.id = l.takedown_id
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
         FROM open WHERE d.id = open.id AND open.is_wanted
         RETURNING d.id, d.takedown_id, d.asked_url, d.merchant_id, d.ready_at
       ),
       woken AS (${insertWakes('SELECT DISTINCT merchant_id, ready_at FROM handed')}),
       linked AS (
         UPDATE takedown_links l SET takedown_id = $1, asked_url = open.asked_url FROM open
         WHERE l.takedown_id = open.heir_id AND l.deletion_id = open.id
       ),
       left_alone AS (
         INSERT INTO takedown_links (takedown_id, deletion_id, asked_url)
         SELECT $1::uuid, id, asked_url FROM handed WHERE takedown_id IS NULL ON CONFLICT DO NOTHING
       ),
       cancelled AS (
         UPDATE deletions d SET ${endAs('cancelled', `'cancelled'`)}
         FROM open WHERE d.id = open.id AND NOT open.is_wanted RETURNING d.*
       ),
       told AS (${tellOf('cancelled')})
       SELECT max(id::text)::uuid AS last FROM open`,
      [id, statesBefore('cancelled'), after],
    );
    return batch?.last ?? null;
  }
}
