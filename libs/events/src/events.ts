import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { forgetInSteps, idAt, rows, statement, type Sql } from '@app/database';
import type { Scope } from '@app/scope';
import { FeedCursorExpired } from './errors.js';
import { FEED_START, feedCursor, readFeedCursor } from './feed-cursor.js';
import { isAskedBeyond, scopeConditions, withoutMetadata } from './event-scope.js';
import type { EventType, NewEvent } from './event-types.js';

/**
 * SQL expressions, of which each row that they are selected from makes an event. `data` is as EventData tells for the
 * type.
 */
export interface EventExpressions {
  type: string;
  platformId: string;
  componentAppid: string;
  merchantId: string;
  authorizerAppid: string;
  deletionId: string;
  takedownId: string;
  /** The API key that asked for what the event tells of; of the service's own doing: none. */
  requestedBy?: string;
  data: string;
}

/**
 * SQL that writes many events within the statement that makes them happen.
 * @param from where the expressions' columns come from
 */
export const insertEvents = (event: EventExpressions, from: string): string => `
  INSERT INTO events (type, platform_id, component_appid, merchant_id, authorizer_appid, deletion_id, takedown_id,
    requested_by, data)
  SELECT ${event.type}, ${event.platformId}, ${event.componentAppid}, ${event.merchantId}, ${event.authorizerAppid},
    ${event.deletionId}, ${event.takedownId}, ${event.requestedBy ?? 'NULL::uuid'}, ${event.data} FROM ${from}`;

/** The type of most events, and so of none that the index of types has. */
const MOST: EventType = 'deletion.succeeded';
const DAY_MS = 86_400_000;
const SCAN_AT_MOST = 10_000;
const NEWEST_LOOKED_AT = 2_000;

/** SQL: the id of the oldest transaction that still runs. */
const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

/** SQL: the columns of a FeedEvent, over an event `s`. */
const FEED_COLUMNS = `s.id, s.type, s.platform_id AS "platformId", s.merchant_id AS "merchantId",
  s.component_appid AS "componentAppid", s.authorizer_appid AS "authorizerAppid", s.deletion_id AS "deletionId",
  s.takedown_id AS "takedownId", s.scope_platforms AS "scopePlatforms", s.scope_merchants AS "scopeMerchants", s.data,
  s.created_at AS "createdAt"`;

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
  scopePlatforms: string[] | null;
  scopeMerchants: string[] | null;
  /** The data, without the metadata of wishes from beyond the reader's scope. */
  data: Record<string, unknown>;
  createdAt: Date;
  /** The cursor of a reader who has read this event and all before it. */
  cursor: string;
}

export interface FeedFilter {
  takedownId?: string | undefined;
  /** None of the others; an empty list is nothing. */
  types?: readonly EventType[] | undefined;
  /** The merchant's authorizer_appid. */
  merchant?: string | undefined;
  scope?: Scope | undefined;
  limit: number;
}

export interface FeedPage {
  events: FeedEvent[];
  /** The cursor to go on from. It moves even when nothing was found, so keep it. */
  next: string;
  /** False: all that there is so far was read. True: there may be more, even if this page is short or empty. */
  hasMore: boolean;
}

/** An event of a page, if there is one. The edge: where the look ended, if it did so before the page was full and all was read. */
type Scanned = ({ edgeTxid: string; edgeSeq: string } | { edgeTxid: null; edgeSeq: null }) &
  ((Omit<FeedEvent, 'cursor'> & { txid: string; seq: string; isHidden: boolean }) | { id: null });

/**
 * The feed of events: written in the transaction that made them happen, and read in an order that
 * nothing is ever inserted into. Ids and times would not do: a transaction that began early and commits late would put
 * its events behind a reader's back. So a reader sees only what was written by transactions older than any that still
 * runs. The price: a transaction that writes and stays open holds up the feed.
 */
@Injectable()
export class Events {
  constructor(private readonly dataSource: DataSource) {}

  async append(
    tx: EntityManager,
    { type, platform, merchant, deletionId, takedownId, scope, data }: NewEvent,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO events (id, type, platform_id, component_appid, merchant_id, authorizer_appid, deletion_id,
         takedown_id, data, scope_platforms, scope_merchants) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        uuidv7(),
        type,
        platform?.id ?? null,
        platform?.componentAppid ?? null,
        merchant?.id ?? null,
        merchant?.authorizerAppid ?? null,
        deletionId ?? null,
        takedownId ?? null,
        JSON.stringify(data),
        scope?.platforms ?? null,
        scope?.merchants ?? null,
      ],
    );
  }

  /**
   * The events after the cursor, in order; `undefined` is the oldest event that is kept. A cursor from ahead of this
   * database, which was restored then, starts there too: rather repeat than skip.
   * @param sql a transaction, where the reader's own place is moved in it
   * @throws FeedCursorInvalid
   */
  async after(
    cursor: string | undefined,
    { takedownId, types, merchant, scope, limit }: FeedFilter,
    sql: Sql = this.dataSource,
  ): Promise<FeedPage> {
    const place = cursor === undefined ? FEED_START : readFeedCursor(cursor);
    // The horizon is read first: what commits meanwhile is behind it and waits for the next page.
    const horizon = await this.horizon(sql);
    const from = BigInt(place.txid) > BigInt(horizon) ? FEED_START : place;
    const { parameters, bind } = statement(from.txid, from.seq, horizon);
    // Types that few events have are read along an index of their own, merged; all others are passed over.
    const areRare = types !== undefined && types.length > 0 && !types.includes(MOST) && takedownId === undefined;
    const filters = [
      ...(types && !areRare ? [`s.type = ANY(${bind(types)}::text[])`] : []),
      ...(merchant === undefined ? [] : [`s.authorizer_appid = ${bind(merchant)}`]),
      ...scopeConditions(scope, bind),
    ];
    // What is rare among millions of events must not make one page read them all.
    const scanLimit = filters.length > 0 ? Math.max(limit, SCAN_AT_MOST) : limit;
    const behind = `SELECT * FROM events e WHERE (e.txid, e.seq) > ($1::bigint, $2::bigint) AND e.txid < $3::bigint
      ${takedownId === undefined ? '' : `AND e.takedown_id = ${bind(takedownId)}`}`;
    const scanned = areRare
      ? types.map((type) => `${behind} AND e.type = ${bind(type)} AND e.type <> '${MOST}'`).join(' UNION ALL ')
      : behind;
    const most = `${bind(scanLimit)}::int`;
    // Where the page is full, it ends with the last of it, and what lies beyond is not read. Where it is not, the look is taken
    // twice, which is less than to keep all that it passes over. Of `page` there is one row, also without an edge and a match.
    const found = await rows<Scanned>(
      sql,
      `WITH matching AS MATERIALIZED (
         SELECT ${FEED_COLUMNS}, ${isAskedBeyond(scope, bind)} AS "isHidden", s.txid, s.seq
         FROM (${scanned} ORDER BY txid, seq LIMIT ${most}) AS s
         WHERE ${['TRUE', ...filters].join(' AND ')} ORDER BY s.txid, s.seq LIMIT ${bind(limit)}
       ), edge AS (
         SELECT txid AS "edgeTxid", seq AS "edgeSeq" FROM (${scanned}) AS s
         WHERE (SELECT count(*) FROM matching) < ${bind(limit)} ORDER BY txid, seq OFFSET ${most} - 1 LIMIT 1
       )
       SELECT * FROM (SELECT) AS page LEFT JOIN edge ON TRUE LEFT JOIN matching ON TRUE ORDER BY txid, seq`,
      parameters,
    );
    const [edge] = found;
    const events = found.flatMap(({ edgeTxid: _txid, edgeSeq: _seq, ...row }) => {
      if (row.id === null) return [];
      const { txid, seq, isHidden, ...event } = row;
      return [{ ...(isHidden ? withoutMetadata(event) : event), cursor: feedCursor({ txid, seq }) }];
    });
    const last = events.at(-1);
    if (last && events.length === limit) return { events, next: last.cursor, hasMore: true };
    if (edge?.edgeTxid) {
      return { events, next: feedCursor({ txid: edge.edgeTxid, seq: edge.edgeSeq }), hasMore: true };
    }
    // Everything before the horizon was read, what does not match included.
    return { events, next: feedCursor({ txid: horizon, seq: '0' }), hasMore: false };
  }

  /**
   * The newest events, newest first. Of rare ones, those among the last 2,000 of all: this is for a look at what happens
   * now, and misses what other transactions are about to commit.
   */
  async newest(scope: Scope, limit: number): Promise<Omit<FeedEvent, 'cursor'>[]> {
    const { parameters, bind } = statement(NEWEST_LOOKED_AT);
    const where = ['TRUE', ...scopeConditions(scope, bind)].join(' AND ');
    const found = await rows<Omit<FeedEvent, 'cursor'> & { isHidden: boolean }>(
      this.dataSource,
      `SELECT ${FEED_COLUMNS}, ${isAskedBeyond(scope, bind)} AS "isHidden"
       FROM (SELECT * FROM events ORDER BY id DESC LIMIT $1) AS s WHERE ${where}
       ORDER BY s.id DESC LIMIT ${bind(limit)}`,
      parameters,
    );
    return found.map(({ isHidden, ...event }) => (isHidden ? withoutMetadata(event) : event));
  }

  /**
   * What happened to a merchant, newest first. Of rare types, a page may be short, or empty, and not the last.
   * @param before the id of an event: those before it
   */
  async ofMerchant(
    scope: Scope,
    merchantId: string,
    { types, before, limit }: { types?: readonly EventType[] | undefined; before?: string | undefined; limit: number },
  ): Promise<{ events: Omit<FeedEvent, 'cursor'>[]; next: string | null }> {
    const { parameters, bind } = statement(merchantId);
    const most = `${bind(types ? SCAN_AT_MOST : limit + 1)}::int`;
    const scanned = `SELECT * FROM events WHERE merchant_id = $1 ${before === undefined ? '' : `AND id < ${bind(before)}`}`;
    type Found = { edgeId: string | null } & ((Omit<FeedEvent, 'cursor'> & { isHidden: boolean }) | { id: null });
    const found = await rows<Found>(
      this.dataSource,
      `WITH matching AS MATERIALIZED (
         SELECT ${FEED_COLUMNS}, ${isAskedBeyond(scope, bind)} AS "isHidden"
         FROM (${scanned} ORDER BY id DESC LIMIT ${most}) AS s
         WHERE ${types ? `s.type = ANY(${bind(types)}::text[])` : 'TRUE'} ORDER BY s.id DESC LIMIT ${bind(limit + 1)}
       ), edge AS (
         SELECT id AS "edgeId" FROM (${scanned}) AS s
         WHERE (SELECT count(*) FROM matching) <= ${bind(limit)} ORDER BY id DESC OFFSET ${most} - 1 LIMIT 1
       )
       SELECT * FROM (SELECT) AS page LEFT JOIN edge ON TRUE LEFT JOIN matching ON TRUE ORDER BY id DESC`,
      parameters,
    );
    const events = found.slice(0, limit).flatMap(({ edgeId: _edge, ...row }) => {
      if (row.id === null) return [];
      const { isHidden, ...event } = row;
      return [isHidden ? withoutMetadata(event) : event];
    });
    const [first] = found;
    if (found.length > limit) return { events, next: events.at(-1)?.id ?? null };
    return { events, next: first?.edgeId ?? null };
  }

  /** The cursor of a reader who wants what comes from now on, and perhaps a little that came just before. */
  async latest(): Promise<string> {
    return feedCursor({ txid: await this.horizon(this.dataSource), seq: '0' });
  }

  /**
   * Whether the takedown has events behind the cursor, also such as no reader is shown yet.
   * @throws FeedCursorInvalid
   */
  async hasAfter(cursor: string, takedownId: string): Promise<boolean> {
    const { txid, seq } = readFeedCursor(cursor);
    const [found] = await rows<{ isThere: boolean }>(
      this.dataSource,
      `SELECT EXISTS (
         SELECT 1 FROM events WHERE takedown_id = $1 AND (txid, seq) > ($2::bigint, $3::bigint)
       ) AS "isThere"`,
      [takedownId, txid, seq],
    );
    return found?.isThere === true;
  }

  /**
   * For readers from outside: one who comes back with this cursor has missed no event.
   * @throws FeedCursorInvalid, FeedCursorExpired
   */
  async requireKept(cursor: string): Promise<void> {
    const { txid, seq } = readFeedCursor(cursor);
    const missed = await rows(
      this.dataSource,
      // A cursor from ahead of this database starts with the oldest event; a note from ahead was restored, and says nothing.
      `SELECT 1 FROM forgotten_events
       WHERE (txid, seq) > ($1::bigint, $2::bigint) AND txid < ${HORIZON} AND $1::bigint <= ${HORIZON}`,
      [txid, seq],
    );
    if (missed.length > 0) throw new FeedCursorExpired();
  }

  /**
   * Deletes what is older, and notes up to where readers have missed something.
   * @param readUpTo the cursor of a reader who must not miss any
   */
  async forgetOld(days: number, readUpTo: string, now = new Date()): Promise<void> {
    const { txid, seq } = readFeedCursor(readUpTo);
    await forgetInSteps(async (atMost) => {
      const [forgotten] = await rows<{ count: number }>(
        this.dataSource,
        // A cursor from ahead of this database, which was restored then, says of no event that it was read.
        `WITH forgotten AS (
           DELETE FROM events WHERE id = ANY(ARRAY(
             SELECT id FROM events WHERE id < $1 AND (txid, seq) <= ($2::bigint, $3::bigint)
               AND $2::bigint <= ${HORIZON}
             ORDER BY id LIMIT $4))
           RETURNING txid, seq
         ), last AS (
           SELECT txid, seq FROM forgotten ORDER BY txid DESC, seq DESC LIMIT 1
         ), noted AS (
           UPDATE forgotten_events f SET txid = last.txid, seq = last.seq FROM last
           WHERE (last.txid, last.seq) > (f.txid, f.seq)
         )
         SELECT count(*)::int AS count FROM forgotten`,
        [idAt(now.getTime() - days * DAY_MS), txid, seq, atMost],
      );
      return forgotten?.count ?? 0;
    });
  }

  /** When the oldest that is kept happened. */
  async oldestAt(): Promise<Date | undefined> {
    const [oldest] = await rows<{ at: Date }>(
      this.dataSource,
      `SELECT created_at AS at FROM events ORDER BY id LIMIT 1`,
    );
    return oldest?.at;
  }

  /**
   * Takes in the events of a database that was restored from a dump into a server with younger transactions than the
   * dump knew: otherwise they would stay behind the horizon for long, and all cursors behind what was forgotten.
   */
  async adoptRestored(): Promise<void> {
    await this.dataSource.query(
      // A visible row was written by a transaction that this server has begun, unless another server wrote it.
      `WITH unmarked AS (
         UPDATE forgotten_events SET txid = 0, seq = 0
         WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
       UPDATE events SET txid = current_txid() WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`,
    );
  }

  /** The id of the oldest transaction that still runs: whatever has a smaller one is committed or never will be. */
  private async horizon(sql: Sql): Promise<string> {
    const [found] = await rows<{ txid: string }>(sql, `SELECT ${HORIZON} AS txid`);
    if (!found) throw new Error('Postgres has no snapshot.');
    return found.txid;
  }
}
