import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { Events } from '@app/events';
import type { Scope } from '@app/scope';
import { NothingAccepted, TakedownBrokenOff } from '../errors.js';
import type { NewTakedown, TakedownItem, TakedownRejection } from './takedown-item.js';
import { takedownStatesBefore } from './takedown-states.js';
import { targetColumns, targetKey } from '../deletion/target.js';

/**
 * How a takedown comes in. First its items are put by, as they arrive: until all have arrived nothing can run, so that an
 * upload that breaks off has done nothing that cannot be undone. Then one small commit decides that it is on, and its
 * items become deletions in short transactions, whoever makes them: the request, or a worker after a crash.
 */
@Injectable()
export class TakedownIntake {
  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
  ) {}

  /** @returns its id */
  async begin(wish: NewTakedown): Promise<string> {
    const id = uuidv7();
    const { isUrgent, reason, metadata, undoSeconds, requestedBy, requestId, scope } = wish;
    await this.dataSource.query(
      `INSERT INTO takedowns (id, state, is_urgent, reason, metadata, undo_seconds, requested_by, request_id, scope_platforms, scope_merchants)
       VALUES ($1, 'receiving', $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        id,
        isUrgent,
        reason,
        JSON.stringify(metadata),
        undoSeconds,
        requestedBy,
        requestId,
        scope.platforms,
        scope.merchants,
      ],
    );
    return id;
  }

  /** Puts a batch by. Lines must not come twice. @throws TakedownBrokenOff when it was cancelled meanwhile */
  async stage(id: string, items: TakedownItem[], rejections: TakedownRejection[]): Promise<void> {
    const targets = items.map(({ target }) => ({ ...targetColumns(target), key: targetKey(target) }));
    const [heard] = await rows(
      this.dataSource,
      `WITH heard AS (
         UPDATE takedowns SET heard_at = now(), rejected = rejected + cardinality($9::int[])
         WHERE id = $1 AND state = 'receiving' RETURNING id
       ),
       staged AS (
         INSERT INTO takedown_items (takedown_id, line, deletion_id, merchant_id, msg_id, article_idx, url, target_key, asked_url,
           asked_key, again, try_anyway)
         SELECT heard.id, item.* FROM heard,
           unnest($2::int[], $3::uuid[], $4::uuid[], $5::bigint[], $6::int[], $7::text[], $8::text[], $13::text[], $14::text[],
             $15::boolean[], $16::boolean[]) AS item
       ),
       rejected AS (
         INSERT INTO takedown_rejections (takedown_id, line, code, detail, excerpt)
         SELECT heard.id, bad.* FROM heard, unnest($9::int[], $10::text[], $11::text[], $12::text[]) AS bad
       )
       SELECT id FROM heard`,
      [
        id,
        items.map(({ line }) => line),
        items.map(() => uuidv7()),
        items.map(({ merchantId }) => merchantId),
        targets.map(({ msgId }) => msgId),
        targets.map(({ articleIdx }) => articleIdx),
        targets.map(({ url }) => url),
        targets.map(({ key }) => key),
        rejections.map(({ line }) => line),
        rejections.map(({ code }) => code),
        rejections.map(({ detail }) => detail),
        rejections.map(({ excerpt }) => excerpt),
        items.map(({ askedUrl }) => askedUrl ?? null),
        items.map(({ askedUrl }) => (askedUrl === undefined ? null : targetKey({ url: askedUrl }))),
        items.map(({ again }) => again ?? false),
        items.map(({ tryAnyway }) => tryAnyway ?? false),
      ],
    );
    if (!heard) throw new TakedownBrokenOff(id);
  }

  /**
   * All of it has arrived: from the commit of `tx` on it will be carried out. What names a target again that was named before is
   * dropped first: the deletion of the first may have ended before the second becomes one.
   * @returns how many items are carried out and how many were rejected
   * @throws NothingAccepted, TakedownBrokenOff
   */
  async start(tx: EntityManager, id: string): Promise<{ items: number; rejected: number }> {
    const [repeated] = await rows<{ count: number }>(
      tx,
      `WITH dropped AS (
         DELETE FROM takedown_items WHERE takedown_id = $1 AND line = ANY(ARRAY(
           SELECT line FROM (
             SELECT line, row_number() OVER (PARTITION BY merchant_id, target_key ORDER BY again DESC, line) AS nth
             FROM takedown_items WHERE takedown_id = $1
           ) AS named WHERE nth > 1))
         RETURNING line
       )
       SELECT count(*)::int AS count FROM dropped`,
      [id],
    );
    const [started] = await rows<{ items: number; rejected: number } & Scope>(
      tx,
      `UPDATE takedowns SET state = 'starting', started_at = now(), heard_at = now(), already_open = already_open + $3,
         undo_until = CASE WHEN undo_seconds > 0 THEN clock_timestamp() + undo_seconds * interval '1 second' END
       WHERE id = $1 AND state = ANY($2)
       RETURNING rejected, scope_platforms AS platforms, scope_merchants AS merchants,
         (SELECT count(*)::int FROM takedown_items WHERE takedown_id = $1) AS items`,
      [id, takedownStatesBefore('starting'), repeated?.count ?? 0],
    );
    if (!started) throw new TakedownBrokenOff(id);
    if (started.items === 0) throw new NothingAccepted(await this.firstRejections(tx, id));
    await this.events.append(tx, {
      type: 'takedown.created',
      takedownId: id,
      scope: { platforms: started.platforms, merchants: started.merchants },
      data: { counts: { accepted: started.items, rejected: started.rejected } },
    });
    return { items: started.items, rejected: started.rejected };
  }

  /** Takes back what was never started, without a trace: a refused request has changed nothing. */
  async discard(id: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [gone] = await rows(tx, `SELECT id FROM takedowns WHERE id = $1 AND state = 'receiving' FOR UPDATE`, [id]);
      if (!gone) return;
      await tx.query(`DELETE FROM takedown_items WHERE takedown_id = $1`, [id]);
      await tx.query(`DELETE FROM takedown_rejections WHERE takedown_id = $1`, [id]);
      await tx.query(`DELETE FROM takedowns WHERE id = $1`, [id]);
    });
  }

  /** The upload ended before its end. What was refused so far stays to be read. */
  async breakOff(id: string): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const [broken] = await rows(
        tx,
        `UPDATE takedowns SET state = 'cancelled', cancel_code = 'upload_broken_off', cancelled_at = now(), finished_at = now()
         WHERE id = $1 AND state = 'receiving' RETURNING id`,
        [id],
      );
      if (broken) await tx.query(`DELETE FROM takedown_items WHERE takedown_id = $1`, [id]);
    });
  }

  private firstRejections(tx: EntityManager, id: string): Promise<TakedownRejection[]> {
    return rows(
      tx,
      `SELECT line, code, detail, excerpt FROM takedown_rejections WHERE takedown_id = $1 ORDER BY line LIMIT 1000`,
      [id],
    );
  }
}
