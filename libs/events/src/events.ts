import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { FEED_START, feedCursor, readFeedCursor } from './feed-cursor.js';
import type { EventScope } from './event-scope.js';
import type { EventType, NewEvent } from './event-types.js';

/**
 * The columns of `events` that a statement fills which writes many at once, in this order; the rest has defaults:
 * `INSERT INTO events (${EVENT_COLUMNS}) SELECT 'deletion.failed', d.platform_id, d.merchant_id, d.id, d.takedown_id,
 * jsonb_build_object(…) FROM ended d`. Data is as EventData tells for the type.
 */
export const EVENT_COLUMNS = 'type, platform_id, merchant_id, deletion_id, takedown_id, data';

const RETENTION_DAYS = 30;
const FORGET_AT_A_TIME = 10_000;

/** An event as the feed tells it, with the names by which the outside knows platform and merchant. */
export interface FeedEvent {
  id: string;
  type: EventType;
  platformId: string | null;
  merchantId: string | null;
  componentAppid: string | null;
  authorizerAppid: string | null;
  deletionId: string | null;
  takedownId: string | null;
  data: Record<string, unknown>;
  createdAt: Date;
  /** Where a reader stands that has read this event and all before it. */
  cursor: string;
}

export interface FeedFilter {
  takedownId?: string | undefined;
  /** None of the others; an empty list is nothing. */
  types?: readonly EventType[] | undefined;
  /** The merchant's authorizer_appid. */
  merchant?: string | undefined;
  scope?: EventScope | undefined;
  limit: number;
}

export interface FeedPage {
  events: FeedEvent[];
  /** Where to go on. It moves even when nothing was found, so keep it. */
  next: string;
}

/**
 * What happened, for those who want to know: written in the transaction that made it happen, and read in an order that
 * nothing is ever inserted into. Ids and times would not do: a transaction that began early and commits late would put
 * its events behind a reader's back. So a reader sees only what was written by transactions older than any that still
 * runs. The price: a transaction that writes and stays open holds up the feed.
 */
@Injectable()
export class Events {
  constructor(private readonly dataSource: DataSource) {}

  async append(
    tx: EntityManager,
    { type, platformId, merchantId, deletionId, takedownId, data }: NewEvent,
  ): Promise<void> {
    await tx.query(`INSERT INTO events (id, ${EVENT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)`, [
      uuidv7(),
      type,
      platformId ?? null,
      merchantId ?? null,
      deletionId ?? null,
      takedownId ?? null,
      JSON.stringify(data),
    ]);
  }

  /**
   * What came after the cursor, in order; `undefined` is the oldest event that is kept.
   * @param sql a transaction, where the reader's own place is moved in it
   * @throws FeedCursorInvalid
   */
  async after(
    cursor: string | undefined,
    { takedownId, types, merchant, scope, limit }: FeedFilter,
    sql: Pick<EntityManager, 'query'> = this.dataSource,
  ): Promise<FeedPage> {
    const from = cursor === undefined ? FEED_START : readFeedCursor(cursor);
    const horizon = await this.horizon(sql);
    // The horizon was read first: what commits meanwhile is behind it and waits for the next page.
    const conditions = ['(e.txid, e.seq) > ($1::bigint, $2::bigint)', 'e.txid < $3::bigint'];
    const bound: unknown[] = [from.txid, from.seq, horizon, limit];
    const where = (value: unknown, condition: (place: string) => string) => {
      if (value === undefined || value === null) return;
      bound.push(value);
      conditions.push(condition(`$${bound.length}`));
    };
    where(takedownId, (place) => `e.takedown_id = ${place}`);
    where(merchant, (place) => `m.authorizer_appid = ${place}`);
    where(types, (place) => `e.type = ANY(${place}::text[])`);
    where(scope?.platforms, (place) => `p.component_appid = ANY(${place}::text[])`);
    where(scope?.merchants, (place) => `m.authorizer_appid = ANY(${place}::text[])`);
    const found = await rows<Omit<FeedEvent, 'cursor'> & { txid: string; seq: string }>(
      sql,
      `SELECT e.id, e.type, e.platform_id AS "platformId", e.merchant_id AS "merchantId",
         p.component_appid AS "componentAppid", m.authorizer_appid AS "authorizerAppid",
         e.deletion_id AS "deletionId", e.takedown_id AS "takedownId", e.data, e.created_at AS "createdAt", e.txid, e.seq
       FROM events e LEFT JOIN platforms p ON p.id = e.platform_id LEFT JOIN merchants m ON m.id = e.merchant_id
       WHERE ${conditions.join(' AND ')} ORDER BY e.txid, e.seq LIMIT $4`,
      bound,
    );
    const events = found.map(({ txid, seq, ...event }) => ({ ...event, cursor: feedCursor({ txid, seq }) }));
    const last = events.at(-1);
    // A page that is not full has read everything before the horizon, what does not match included.
    return { events, next: last && events.length === limit ? last.cursor : furthest(from, horizon) };
  }

  /** The cursor of a reader who wants what comes from now on, and perhaps a little that came just before. */
  async latest(): Promise<string> {
    return feedCursor({ txid: await this.horizon(this.dataSource), seq: '0' });
  }

  /** Deletes what is older than a month, some at a time. */
  async forgetOld(now = new Date()): Promise<void> {
    const msecs = now.getTime() - RETENTION_DAYS * 24 * 3_600_000;
    const oldestKept = uuidv7({ msecs, random: new Uint8Array(16) });
    await this.dataSource.query(
      `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < $1 ORDER BY id LIMIT $2)`,
      [oldestKept, FORGET_AT_A_TIME],
    );
  }

  /** The id of the oldest transaction that still runs: whatever has a smaller one is committed or never will be. */
  private async horizon(sql: Pick<EntityManager, 'query'>): Promise<string> {
    const [found] = await rows<{ txid: string }>(
      sql,
      `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS txid`,
    );
    if (!found) throw new Error('Postgres has no snapshot.');
    return found.txid;
  }
}

/** A cursor never moves back, not even that of another database's feed. */
const furthest = (from: { txid: string; seq: string }, horizon: string): string =>
  feedCursor(BigInt(horizon) > BigInt(from.txid) ? { txid: horizon, seq: '0' } : from);
