import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { microsOf, momentOf, recordset, rows, statement } from '@app/database';
import type { Scope } from '@app/scope';
import { readArticleAddress, readMsgId, readShortArticleId, type MassSendFinish } from '@app/wechat';
import { countedInventory, type ArticleSource } from './counted-inventory.js';
import { isMerchantOf } from '../platforms/platforms-in-scope.js';
import { foundPage, hasWords, LOOKED_AT, type FoundPage, type Looked } from '../merchants/search.js';

/** A mass message with its articles. */
export interface SentMessage {
  merchantId: string;
  authorizerAppid: string;
  componentAppid: string;
  /** The account’s nickname. */
  merchantName: string | null;
  msgId: string;
  status: string;
  statusCode: number | null;
  totalCount: number | null;
  filterCount: number | null;
  sentCount: number | null;
  errorCount: number | null;
  finishedAt: Date | null;
  label: string | null;
  title: string | null;
  articles: { articleIdx: number; url: string | null; title: string | null; source: ArticleSource | null }[];
}

/** A message is named by its msg_id and its merchant. */
export interface MessageKey {
  msgId: string;
  merchantId: string;
  /** When it was sent: with a span of time, that is the order of the list. */
  sentMicros?: string | null | undefined;
}

export interface SentMessagePage {
  merchantId?: string | undefined;
  label?: string | undefined;
  /** Within titles, labels, addresses or the msg_id; or a whole msg_id or address. */
  words?: string | undefined;
  /** Sent from this moment on. */
  sentAfter?: Date | undefined;
  /** Sent before this moment. */
  sentBefore?: Date | undefined;
  limit: number;
  /** Newest first: the message after which the page starts. Of one merchant, its msg_id is enough. */
  after?: MessageKey | undefined;
}

/** Which messages are named by a whole msg_id, or by a whole address. */
interface Named {
  msgId?: string;
  among?: MessageKey[];
}

/** Whether those that were sent last come first: only then is it known of each when that was. */
export const isBySendTime = ({ sentAfter, sentBefore }: Pick<SentMessagePage, 'sentAfter' | 'sentBefore'>): boolean =>
  (sentAfter ?? sentBefore) !== undefined;

/** The inventory: what merchants have sent, learned from WeChat's pushes and from imports. */
@Injectable()
export class MassMessages {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Remembers a send that has finished. The same event twice, or a later one for the same message, is the same row.
   * @returns false when the merchant is not known
   */
  async record(
    tx: EntityManager,
    merchant: { platformId: string; authorizerAppid: string },
    finish: MassSendFinish,
    finishedAt: Date,
  ): Promise<boolean> {
    const [message] = await rows<{ merchantId: string }>(
      tx,
      `INSERT INTO mass_messages AS m (merchant_id, msg_id, status, status_code, total_count, filter_count, sent_count,
         error_count, finished_at, article_count)
       SELECT id, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM merchants WHERE platform_id = $1 AND authorizer_appid = $2
       ON CONFLICT (merchant_id, msg_id) DO UPDATE SET status = excluded.status, status_code = excluded.status_code,
         total_count = excluded.total_count, filter_count = excluded.filter_count, sent_count = excluded.sent_count,
         error_count = excluded.error_count, finished_at = excluded.finished_at,
         article_count = COALESCE(excluded.article_count, m.article_count)
       RETURNING merchant_id AS "merchantId"`,
      [
        merchant.platformId,
        merchant.authorizerAppid,
        String(finish.msgId),
        finish.status,
        finish.statusCode ?? null,
        finish.totalCount ?? null,
        finish.filterCount ?? null,
        finish.sentCount ?? null,
        finish.errorCount ?? null,
        finishedAt,
        finish.articleCount ?? null,
      ],
    );
    if (message) await this.recordArticles(tx, message.merchantId, finish);
    return message !== undefined;
  }

  /**
   * With what was imported as far as it counts for the caller. Words that are the whole msg_id or address of messages
   * find these and nothing else.
   */
  async list(scope: Scope, page: SentMessagePage): Promise<FoundPage<SentMessage, MessageKey>> {
    const { words, limit, after } = page;
    const look = (by: Named & { words?: string | undefined }) =>
      foundPage((most, place) => this.looked(scope, { ...page, ...by, limit: most, after: place }), limit, after);
    const by = words === undefined ? undefined : await this.namedBy(scope, words);
    const named = by && (await look({ ...by, words: undefined }));
    return named && named.found.length > 0 ? named : look({ words });
  }

  /** If the words are a whole msg_id or address. An address is that of at most so many messages as have the same article. */
  private async namedBy(scope: Scope, words: string): Promise<Named | undefined> {
    const [msgId, address, shortId] = [readMsgId(words), readArticleAddress(words), readShortArticleId(words)];
    // One msg_id may be that of messages of many merchants: they are paged like all others.
    if (msgId !== undefined) return { msgId: String(msgId) };
    if (!address && shortId === undefined) return undefined;
    const { parameters, bind } = statement();
    const condition = address
      ? `mid = ${bind(address.mid)} AND idx = ${bind(address.idx)} AND sn = ${bind(address.sn)}`
      : `short_id = ${bind(shortId)}`;
    const among = await rows<MessageKey>(
      this.dataSource,
      `SELECT DISTINCT merchant_id AS "merchantId", msg_id AS "msgId"
       FROM ${countedInventory(scope, bind).articles} AS a WHERE ${condition} LIMIT ${LOOKED_AT}`,
      parameters,
    );
    return among.length > 0 ? { among } : undefined;
  }

  private async looked(scope: Scope, page: SentMessagePage & Named): Promise<(SentMessage & Looked & MessageKey)[]> {
    const { merchantId, label, words, msgId, among, sentAfter, sentBefore, limit, after } = page;
    const isTimed = isBySendTime(page);
    const { parameters, bind } = statement();
    const { articles, labels, limited, limits } = countedInventory(scope, bind);
    const same = (row: string) => `${row}.merchant_id = k.merchant_id AND ${row}.msg_id = k.msg_id`;
    const where = [
      await isMerchantOf(scope, 'me', bind, this.dataSource),
      merchantId && `k.merchant_id = ${bind(merchantId)}`,
      label !== undefined && `k.label = ${bind(label)}`,
      msgId !== undefined && `k.msg_id = ${bind(msgId)}`,
      among &&
        `(k.merchant_id, k.msg_id) IN (
           SELECT * FROM ${recordset(bind, 'n', among, { merchantId: 'uuid', msgId: 'bigint' })})`,
    ].filter(Boolean);
    const order = `${isTimed ? 'k.sent_at DESC, ' : ''}k.msg_id DESC, k.merchant_id DESC`;
    const most = bind(words === undefined ? limit : LOOKED_AT);
    const newestFirst = `ORDER BY ${order} LIMIT ${most}`;
    const spanOf = (sentAt: string) =>
      [
        sentAfter && `${sentAt} >= ${bind(sentAfter)}`,
        sentBefore && `${sentAt} < ${bind(sentBefore)}`,
        after &&
          (isTimed
            ? `(${sentAt}, k.msg_id, k.merchant_id) < (${momentOf(bind(after.sentMicros))}, ${bind(after.msgId)}::bigint,
               ${bind(after.merchantId)}::uuid)`
            : `(k.msg_id, k.merchant_id) < (${bind(after.msgId)}::bigint, ${bind(after.merchantId)}::uuid)`),
      ].filter(Boolean);
    // A page of each table, and of each caller's limits, is read along an index of its own: the page is among them.
    const pageOf = (table: string, sentAt: string, conditions: string[]) => `
      SELECT k.merchant_id, k.msg_id${isTimed ? `, ${sentAt} AS sent_at` : ''} FROM ${table} k
      JOIN merchants me ON me.id = k.merchant_id
      WHERE ${[...where, ...spanOf(sentAt), ...conditions].join(' AND ')}
      ORDER BY ${isTimed ? `${sentAt} DESC, ` : ''}k.msg_id DESC, k.merchant_id DESC LIMIT ${most}`;
    const own = pageOf('mass_messages', 'k.finished_at', label === undefined ? [] : ['k.import_counts']);
    // The time that is shown of a message counts: what is known otherwise, or else the latest that was imported.
    const isShownTime = [
      `NOT EXISTS (SELECT 1 FROM mass_messages m WHERE ${same('m')} AND m.finished_at IS NOT NULL)`,
      `k.sent_at = (SELECT max(i.sent_at) FROM ${limited} i WHERE ${same('i')})`,
    ];
    const besides = `SELECT i.* FROM ${limits} AS l CROSS JOIN LATERAL
      (${pageOf('limited_imports', 'k.sent_at', ['k.limits_id = l.id', ...(isTimed ? isShownTime : [])])}) AS i`;
    const all = `SELECT * FROM ((${own}) UNION (${besides})) AS k ${newestFirst}`;
    // Those without a source are shown, too, although they count for nobody.
    const shown = `(SELECT merchant_id, msg_id, article_idx, url, title, source FROM mass_message_articles
      UNION ALL SELECT merchant_id, msg_id, article_idx, url, title, source
      FROM ${articles} AS a WHERE source = 'limited_import')`;
    const texts = `SELECT k.msg_id::text AS text
      UNION ALL SELECT m.title FROM mass_messages m WHERE ${same('m')}
      UNION ALL SELECT i.title FROM ${limited} i WHERE ${same('i')}
      UNION ALL SELECT l.label FROM ${labels} l WHERE ${same('l')}
      UNION ALL SELECT concat_ws(chr(10), s.url, s.title) FROM ${shown} s WHERE ${same('s')}`;
    const looked =
      words === undefined
        ? `SELECT k.*, TRUE AS fits, FALSE AS is_last FROM (${all}) k`
        : `SELECT * FROM (
             SELECT k.*, EXISTS (SELECT 1 FROM (${texts}) t WHERE ${hasWords('t.text', words, bind)}) AS fits,
               row_number() OVER (ORDER BY ${order}) = ${LOOKED_AT} AS is_last FROM (${all}) k) AS k
           WHERE fits OR is_last ORDER BY ${order} LIMIT ${bind(limit)}`;
    return rows(
      this.dataSource,
      `SELECT k.merchant_id AS "merchantId", me.authorizer_appid AS "authorizerAppid",
         p.component_appid AS "componentAppid", me.nick_name AS "merchantName", k.msg_id AS "msgId", COALESCE(m.status, 'imported') AS status,
         m.status_code AS "statusCode", m.total_count AS "totalCount", m.filter_count AS "filterCount",
         m.sent_count AS "sentCount", m.error_count AS "errorCount",
         COALESCE(m.finished_at, i.sent_at) AS "finishedAt", COALESCE(m.title, i.title) AS title,
         (SELECT l.label FROM ${labels} l WHERE ${same('l')} AND l.label IS NOT NULL
            ORDER BY l.is_limited LIMIT 1) AS label,
         COALESCE((SELECT json_agg(json_build_object(
             'articleIdx', a.article_idx, 'url', a.url, 'title', a.title, 'source', a.source) ORDER BY a.article_idx)
           FROM (SELECT DISTINCT ON (article_idx) * FROM ${shown} s WHERE ${same('s')}
             ORDER BY article_idx, url IS NULL, array_position('{wechat,import,limited_import}', source)) a),
           '[]') AS articles, ${isTimed ? microsOf('k.sent_at') : 'NULL'} AS "sentMicros", k.fits, k.is_last AS "isLast"
       FROM (${looked}) k LEFT JOIN mass_messages m ON ${same('m')}
         LEFT JOIN LATERAL (
           SELECT * FROM ${limited} i WHERE ${same('i')} ORDER BY i.sent_at DESC NULLS LAST LIMIT 1) i ON true
         JOIN merchants me ON me.id = k.merchant_id JOIN platforms p ON p.id = me.platform_id
       ORDER BY ${order}`,
      parameters,
    );
  }

  private async recordArticles(tx: EntityManager, merchantId: string, finish: MassSendFinish): Promise<void> {
    // An upsert takes each row once: should a number come twice, the last address counts.
    const byIdx = new Map(finish.articles.map((article) => [article.articleIdx, article]));
    const articles = [...byIdx.values()].map(({ articleIdx, url }) => ({
      articleIdx,
      url,
      ...readArticleAddress(url),
      shortId: readShortArticleId(url),
    }));
    if (articles.length === 0) return;
    const { parameters, bind } = statement(merchantId, String(finish.msgId));
    const columns = { articleIdx: 'int', url: 'text', mid: 'text', idx: 'int', sn: 'text', shortId: 'text' } as const;
    await tx.query(
      `INSERT INTO mass_message_articles (merchant_id, msg_id, source, article_idx, url, mid, idx, sn, short_id)
       SELECT $1, $2, 'wechat', * FROM ${recordset(bind, 'pushed', articles, columns)}
       ON CONFLICT (merchant_id, msg_id, article_idx) DO UPDATE SET url = excluded.url, mid = excluded.mid,
         idx = excluded.idx, sn = excluded.sn, short_id = excluded.short_id, source = excluded.source`,
      parameters,
    );
    // Which account an address belongs to, for wishes that name an article by its address alone.
    const biz = articles.find((article) => article.biz)?.biz;
    if (biz) {
      await tx.query(
        `UPDATE merchants SET biz = $2, biz_source = 'wechat'
         WHERE id = $1 AND (biz, biz_source) IS DISTINCT FROM ($2, 'wechat')`,
        [merchantId, biz],
      );
    }
  }
}
