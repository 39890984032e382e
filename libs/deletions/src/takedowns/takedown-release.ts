import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { pause } from '@app/concurrency';
import { rows } from '@app/database';
import { goneBy, isOfPlatforms, wishOf } from '../gone/known-gone.js';
import { wakeLanes } from '../lanes/lane-wakes.js';

/** Of how many lines the items become deletions in one transaction: a few tenths of a second. */
const RELEASE_BATCH = 5_000;
/** Before every id. */
const FIRST = '00000000-0000-0000-0000-000000000000';

interface Starting {
  isUrgent: boolean;
  readyAt: Date;
  isLater: boolean;
}

interface Released {
  taken: number;
  inserted: number;
  alreadyDeleted: number;
  merchantIds: string[] | null;
  others: OpenAlready[] | null;
}

interface Joined {
  open: number;
  linked: string[] | null;
  /** Those of the linked ones that are to be called although their merchant is not eligible. */
  tried: string[] | null;
  merchantIds: string[] | null;
}

interface OpenAlready {
  line: number;
  deletion_id: string;
  merchant_id: string;
  msg_id: string | null;
  article_idx: number | null;
  url: string | null;
  target_key: string;
  asked_url: string | null;
  asked_key: string | null;
  again: boolean;
  try_anyway: boolean;
}

/**
 * Makes deletions of a takedown that is on, in short transactions. Who does it does not matter: the request, or a worker after a
 * crash.
 */
@Injectable()
export class TakedownRelease {
  private readonly logger = new Logger(TakedownRelease.name);

  constructor(private readonly dataSource: DataSource) {}

  /** Makes deletions of what was put by, until nothing is left or somebody cancels. Safe to run twice, also at once. */
  async release(id: string): Promise<void> {
    while (await this.dataSource.transaction((tx) => this.releaseBatch(tx, id)));
  }

  /**
   * The same, but waits for no longer than `ms`. The rest goes on without the caller; should this process die or fail, with a
   * worker.
   */
  async releaseWithin(id: string, ms: number): Promise<void> {
    const enough = new AbortController();
    const released = this.release(id)
      .catch((error: unknown) => this.logger.warn('a worker goes on with a takedown', { takedown_id: id, error }))
      .finally(() => enough.abort());
    await Promise.race([released, pause(ms, enough.signal)]);
  }

  /**
   * Once it cannot be undone any more, what it found open is made as pressing as it is. Safe to run twice; a cancel that comes
   * before a batch stops it.
   */
  async hastenLinked(id: string): Promise<void> {
    let last: string | null = FIRST;
    while (last !== null) {
      const after: string = last;
      last = await this.dataSource.transaction((tx) => this.hastenBatch(tx, id, after));
    }
  }

  /** @returns whether there may be more */
  private async releaseBatch(tx: EntityManager, id: string): Promise<boolean> {
    // Holding the row keeps a cancel and other releases out until the batch is in.
    const [takedown] = await rows<Starting>(
      tx,
      `SELECT is_urgent AS "isUrgent", GREATEST(undo_until, now()) AS "readyAt",
         COALESCE(undo_until > now(), false) AS "isLater"
       FROM takedowns WHERE id = $1 AND state = 'starting' FOR UPDATE`,
      [id],
    );
    if (!takedown) return false;
    const released = await this.move(tx, id, takedown);
    if (released.taken === 0) {
      await tx.query(`UPDATE takedowns SET state = 'running' WHERE id = $1`, [id]);
      return false;
    }
    await wakeLanes(tx, released.merchantIds ?? [], takedown.readyAt);
    const { alreadyOpen, isToHasten } = await this.join(tx, id, takedown, released.others ?? []);
    await tx.query(
      `UPDATE takedowns SET heard_at = now(), accepted = accepted + $2, already_open = already_open + $3,
         hastens_at = CASE WHEN $4 THEN undo_until ELSE hastens_at END, already_deleted = already_deleted + $5
       WHERE id = $1`,
      [id, released.inserted, alreadyOpen, isToHasten, released.alreadyDeleted],
    );
    return true;
  }

  /**
   * What is known to be gone is linked to the deletion that did it. What is open is not asked, for it may not succeed.
   * In the order of the open targets' index: two takedowns of the same targets wait for each other, and never in a circle.
   */
  private async move(tx: EntityManager, id: string, { readyAt, isLater }: Starting): Promise<Released> {
    const within = `(t.scope_platforms IS NULL OR ${isOfPlatforms('t.scope_platforms')})`;
    const [released] = await rows<Released>(
      tx,
      `WITH first AS (
         SELECT line FROM takedown_items WHERE takedown_id = $1 ORDER BY line LIMIT 1
       ),
       batch AS (
         -- A range of lines, not so many rows: between takedowns the table is empty, and if that is what its statistics
         -- say, Postgres reads all that is left, and all that was taken before, to find the first of them.
         DELETE FROM takedown_items WHERE takedown_id = $1
           AND line >= (SELECT line FROM first) AND line < (SELECT line FROM first) + ${RELEASE_BATCH}
         RETURNING *
       ),
       wanted AS MATERIALIZED (
         -- OFFSET keeps Postgres, which takes a batch for a few rows, from comparing each with all that is open.
         SELECT b.*, CASE WHEN NOT b.again AND NOT b.is_open THEN ${goneBy(wishOf('b'), within)} END AS gone_id
         FROM (
           SELECT batch.*, (SELECT o.id FROM deletions o
             WHERE o.merchant_id = batch.merchant_id AND o.target_key = batch.target_key
             AND o.finished_at IS NULL) IS NOT NULL AS is_open FROM batch OFFSET 0
         ) AS b CROSS JOIN (SELECT * FROM takedowns WHERE id = $1) AS t
       ),
       linked AS (
         INSERT INTO takedown_links (takedown_id, deletion_id, was_deleted, asked_url)
         SELECT DISTINCT $1::uuid, w.gone_id, true, w.asked_url FROM wanted w
         LEFT JOIN deletions g ON g.id = w.gone_id
         WHERE w.gone_id IS NOT NULL AND g.takedown_id IS DISTINCT FROM $1
         ON CONFLICT DO NOTHING
       ),
       inserted AS (
         INSERT INTO deletions (id, merchant_id, msg_id, article_idx, url, target_key, state, is_urgent, ready_at, reason,
           metadata, request_id, requested_by, takedown_id, asked_url, try_anyway)
         SELECT b.deletion_id, b.merchant_id, b.msg_id, b.article_idx, b.url, b.target_key, $3, t.is_urgent, $2, t.reason,
           t.metadata, t.request_id, t.requested_by, t.id, b.asked_url, b.try_anyway
         FROM wanted b CROSS JOIN (SELECT * FROM takedowns WHERE id = $1) t
         WHERE b.gone_id IS NULL AND NOT b.is_open ORDER BY b.merchant_id, b.target_key, b.line
         ON CONFLICT (merchant_id, target_key) WHERE finished_at IS NULL DO NOTHING
         RETURNING id, merchant_id
       )
       SELECT (SELECT count(*)::int FROM batch) AS taken, (SELECT count(*)::int FROM inserted) AS inserted,
         (SELECT count(gone_id)::int FROM wanted) AS "alreadyDeleted",
         (SELECT array_agg(DISTINCT merchant_id) FROM inserted) AS "merchantIds",
         (SELECT json_agg(json_build_object('line', b.line, 'deletion_id', b.deletion_id, 'merchant_id', b.merchant_id,
            'msg_id', b.msg_id::text, 'article_idx', b.article_idx, 'url', b.url, 'target_key', b.target_key,
            'asked_url', b.asked_url, 'asked_key', b.asked_key, 'again', b.again, 'try_anyway', b.try_anyway))
          FROM wanted b WHERE b.gone_id IS NULL AND b.deletion_id NOT IN (SELECT id FROM inserted)) AS others`,
      [id, readyAt, isLater ? 'scheduled' : 'queued'],
    );
    if (!released) throw new Error('A statement without FROM returned no row.');
    return released;
  }

  /**
   * Of targets that are open already, those deletions count as this takedown's too, and are made as pressing as it is: at once,
   * or when it cannot be undone any more. A line's `try_anyway` goes over to the open one where that happens at once; `again`
   * need not, because what is open makes its call in any case. One that has ended meanwhile, and did not succeed, leaves room: its line is put back
   * for the next batch.
   * @returns how many are open, or have just been deleted, and whether some of them are to be hastened later
   */
  private async join(
    tx: EntityManager,
    id: string,
    { isUrgent, readyAt, isLater }: Starting,
    others: OpenAlready[],
  ): Promise<{ alreadyOpen: number; isToHasten: boolean }> {
    if (others.length === 0) return { alreadyOpen: 0, isToHasten: false };
    const wanted = `jsonb_to_recordset($1::jsonb) AS w (line int, deletion_id uuid, merchant_id uuid, msg_id bigint,
      article_idx int, url text, target_key text, asked_url text, asked_key text, again boolean, try_anyway boolean)`;
    const sameTarget = `d.merchant_id = w.merchant_id AND d.target_key = w.target_key`;
    // From here on a cancel of the takedown whose they are passes them over until they are linked, and then hands them over.
    await tx.query(
      `SELECT d.id FROM ${wanted} JOIN deletions d ON ${sameTarget} AND d.finished_at IS NULL
       ORDER BY d.id FOR KEY SHARE OF d`,
      [JSON.stringify(others)],
    );
    const [counted] = await rows<Joined>(
      tx,
      `WITH seen AS (
         SELECT w.*, COALESCE(open.id, done.id) AS open_id, COALESCE(open.takedown_id, done.takedown_id) AS owner_id
         FROM ${wanted}
         LEFT JOIN LATERAL (SELECT d.id, d.takedown_id FROM deletions d WHERE ${sameTarget} AND d.finished_at IS NULL
         ) AS open ON true
         -- Rarely looked for: it was open a moment ago, so whichever ended last is the one.
         LEFT JOIN LATERAL (
           SELECT last.id, last.takedown_id FROM (
             SELECT d.id, d.takedown_id, d.state FROM deletions d WHERE open.id IS NULL AND ${sameTarget}
             ORDER BY d.finished_at DESC LIMIT 1
           ) AS last WHERE last.state = 'succeeded'
         ) AS done ON true
       ),
       linked AS (
         INSERT INTO takedown_links (takedown_id, deletion_id, asked_url)
         SELECT DISTINCT $2::uuid, open_id, asked_url FROM seen WHERE open_id IS NOT NULL AND owner_id IS DISTINCT FROM $2
         ON CONFLICT DO NOTHING
       ),
       again AS (
         INSERT INTO takedown_items (takedown_id, line, deletion_id, merchant_id, msg_id, article_idx, url, target_key, asked_url,
           asked_key, again, try_anyway)
         SELECT $2, line, deletion_id, merchant_id, msg_id, article_idx, url, target_key, asked_url, asked_key, again, try_anyway
         FROM seen WHERE open_id IS NULL
       )
       SELECT count(open_id)::int AS open,
         array_agg(open_id) FILTER (WHERE owner_id IS DISTINCT FROM $2 AND open_id IS NOT NULL) AS linked,
         array_agg(open_id) FILTER (WHERE try_anyway AND owner_id IS DISTINCT FROM $2 AND open_id IS NOT NULL) AS tried,
         array_agg(DISTINCT merchant_id) FILTER (WHERE owner_id IS DISTINCT FROM $2 AND open_id IS NOT NULL) AS "merchantIds"
       FROM seen`,
      [JSON.stringify(others), id],
    );
    const { open = 0, linked = null, tried = null, merchantIds = null } = counted ?? {};
    if (linked && !isLater) await this.hasten(tx, linked, merchantIds ?? [], isUrgent, readyAt, tried ?? []);
    return { alreadyOpen: open, isToHasten: linked !== null && isLater };
  }

  /** @returns the last id of the batch, null when there is no more */
  private async hastenBatch(tx: EntityManager, id: string, after: string): Promise<string | null> {
    const [takedown] = await rows<{ isUrgent: boolean; undoUntil: Date }>(
      tx,
      `SELECT is_urgent AS "isUrgent", undo_until AS "undoUntil" FROM takedowns
       WHERE id = $1 AND state = 'running' AND hastens_at <= now() FOR UPDATE`,
      [id],
    );
    if (!takedown) return null;
    const linked = await rows<{ id: string; merchantId: string }>(
      tx,
      `SELECT d.id, d.merchant_id AS "merchantId" FROM takedown_links l JOIN deletions d ON d.id = l.deletion_id
       WHERE l.takedown_id = $1 AND l.deletion_id > $2 ORDER BY l.deletion_id LIMIT ${RELEASE_BATCH}`,
      [id, after],
    );
    const merchantIds = [...new Set(linked.map(({ merchantId }) => merchantId))];
    const ids = linked.map((deletion) => deletion.id);
    if (ids.length > 0) await this.hasten(tx, ids, merchantIds, takedown.isUrgent, takedown.undoUntil);
    else await tx.query(`UPDATE takedowns SET hastens_at = NULL WHERE id = $1`, [id]);
    return ids.at(-1) ?? null;
  }

  /**
   * Locks no more than it changes, in one order, and not against the links to the same deletions that others just add: they
   * hasten them too, and would wait for each other.
   */
  private async hasten(
    tx: EntityManager,
    ids: string[],
    merchantIds: string[],
    isUrgent: boolean,
    readyAt: Date,
    tried: string[] = [],
  ) {
    await wakeLanes(tx, merchantIds, readyAt);
    await tx.query(
      `UPDATE deletions SET is_urgent = is_urgent OR $2, try_anyway = try_anyway OR id = ANY($4),
         ready_at = LEAST(ready_at, $3), not_before = CASE WHEN not_before > $3 THEN NULL ELSE not_before END
       WHERE id IN (
         SELECT id FROM deletions WHERE id = ANY($1) AND finished_at IS NULL AND dispatched_at IS NULL
           AND state IN ('scheduled', 'queued') AND (is_urgent < $2 OR ready_at > $3 OR try_anyway < (id = ANY($4)))
         ORDER BY id FOR NO KEY UPDATE)`,
      [ids, isUrgent, readyAt, tried],
    );
  }
}
