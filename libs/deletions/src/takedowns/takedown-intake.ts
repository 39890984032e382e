import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { recordset, rows, statement } from '@app/database';
import { Events } from '@app/events';
import type { Scope } from '@app/scope';
import { NothingAccepted, TakedownBrokenOff } from '../errors.js';
import type { NewTakedown, TakedownBatch, TakedownItem, TakedownRejection } from './takedown-item.js';
import { takedownStatesBefore } from './takedown-states.js';
import { targetColumns, targetKey, WHOLE_MESSAGE } from '../deletion/target.js';

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

  /**
   * Takes an upload in: items are put by while the next are being read. If it breaks off, nothing of it is done.
   * @returns the id of the takedown, whose items have all arrived
   * @throws TakedownBrokenOff
   */
  async receive(wish: NewTakedown, batches: AsyncIterable<TakedownBatch>): Promise<string> {
    const id = await this.begin(wish);
    let staged = Promise.resolve();
    try {
      for await (const { items, rejections } of batches) {
        await staged;
        staged = this.stage(id, items, rejections);
        // It is awaited with the next batch: until then its failure must not count as nobody's.
        staged.catch(() => undefined);
      }
      await staged;
    } catch (error) {
      await staged.catch(() => undefined);
      await this.breakOff(id);
      throw isConnectionLost(error) ? new TakedownBrokenOff(id) : error;
    }
    return id;
  }

  /** @returns its id */
  async begin(wish: NewTakedown): Promise<string> {
    const id = uuidv7();
    const { isUrgent, reason, metadata, undoSeconds, requestedBy, requestId, scope } = wish;
    await this.dataSource.query(
      `INSERT INTO takedowns (id, state, is_urgent, reason, metadata, undo_seconds, requested_by, request_id,
         scope_platforms, scope_merchants)
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
    const { parameters, bind } = statement(id, rejections.length);
    const [heard] = await rows(
      this.dataSource,
      `WITH heard AS (
         UPDATE takedowns SET heard_at = now(), rejected = rejected + $2
         WHERE id = $1 AND state = 'receiving' RETURNING id
       ),
       staged AS (
         INSERT INTO takedown_items (takedown_id, line, deletion_id, merchant_id, msg_id, article_idx, url, target_key,
           asked_url, asked_key, again, try_anyway)
         SELECT heard.id, item.* FROM heard, ${recordset(bind, 'item', items.map(stagedItem), {
           line: 'int',
           deletionId: 'uuid',
           merchantId: 'uuid',
           msgId: 'bigint',
           articleIdx: 'int',
           url: 'text',
           targetKey: 'text',
           askedUrl: 'text',
           askedKey: 'text',
           again: 'boolean',
           tryAnyway: 'boolean',
         })}
       ),
       rejected AS (
         INSERT INTO takedown_rejections (takedown_id, line, code, detail, excerpt)
         SELECT heard.id, bad.* FROM heard, ${recordset(bind, 'bad', rejections, {
           line: 'int',
           code: 'text',
           detail: 'text',
           excerpt: 'text',
         })}
       )
       SELECT id FROM heard`,
      parameters,
    );
    if (!heard) throw new TakedownBrokenOff(id);
  }

  /**
   * All of it has arrived: from the commit of `tx` on it will be carried out. A line is dropped first where another one does
   * its work, because the deletion of that one may have ended before this becomes one: a line that names the same target, and
   * the whole message of an article unless the article alone insists (`isCovered`). Of the lines of one target, the one
   * that stays insists on all that any of them does.
   * @returns how many items are carried out and how many were rejected
   * @throws NothingAccepted, TakedownBrokenOff
   */
  async start(tx: EntityManager, id: string): Promise<{ items: number; rejected: number }> {
    const [repeated] = await rows<{ count: number }>(
      tx,
      `WITH named AS MATERIALIZED (
         SELECT line, try_anyway, row_number() OVER (target ORDER BY again DESC, line) AS nth,
           bool_or(try_anyway) OVER target AS any_try_anyway,
           COALESCE(article_idx > ${WHOLE_MESSAGE}
             AND bool_or(again) FILTER (WHERE article_idx = ${WHOLE_MESSAGE}) OVER message >= bool_or(again) OVER target
             AND bool_or(try_anyway) FILTER (WHERE article_idx = ${WHOLE_MESSAGE}) OVER message
               >= bool_or(try_anyway) OVER target, false) AS is_covered
         FROM takedown_items WHERE takedown_id = $1
         -- A target says its message, too: so all of them need one order, and the rows are sorted once.
         WINDOW message AS (PARTITION BY merchant_id, msg_id), target AS (PARTITION BY merchant_id, msg_id, target_key)
       ),
       insisting AS (
         UPDATE takedown_items SET try_anyway = true WHERE takedown_id = $1 AND line = ANY(ARRAY(
           SELECT line FROM named WHERE nth = 1 AND NOT is_covered AND any_try_anyway > try_anyway))
       ),
       dropped AS (
         DELETE FROM takedown_items WHERE takedown_id = $1 AND line = ANY(ARRAY(
           SELECT line FROM named WHERE nth > 1 OR is_covered))
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
        `UPDATE takedowns SET state = 'cancelled', cancel_code = 'upload_broken_off',
           cancelled_at = now(), finished_at = now()
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

/** The sender is gone: the body that is read as batches ends with this error. */
const isConnectionLost = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ECONNRESET';

function stagedItem({ line, merchantId, target, askedUrl, again, tryAnyway }: TakedownItem) {
  return {
    line,
    deletionId: uuidv7(),
    merchantId,
    ...targetColumns(target),
    targetKey: targetKey(target),
    askedUrl: askedUrl ?? null,
    askedKey: askedUrl === undefined ? null : targetKey({ url: askedUrl }),
    again: again ?? false,
    tryAnyway: tryAnyway ?? false,
  };
}
