import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { microsOf, momentOf, recordset, rows, statement, type Bind } from '@app/database';
import { isEverything, type Scope } from '@app/scope';
import { readArticleAddress, readMsgId, readShortArticleId, type MassSendFinish } from '@app/wechat';
import { countedInventory, type ArticleSource } from './counted-inventory.js';
import { fewMerchants, isMerchantOf } from '../platforms/platforms-in-scope.js';
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
  /** Within titles or labels, or else within addresses or the msg_id; or a whole msg_id or address. */
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

/** Titles are those of messages and articles, and labels; an address may also be a msg_id. */
type Texts = 'titles' | 'addresses';

/** Whose messages they are, where these are few: each one's are read along an index. */
interface OfFew {
  few?: readonly string[] | undefined;
}

/** How words are searched for. */
interface Search {
  /** The texts that a statement looks into. Undefined: all. */
  within?: Texts;
  /** The number of messages that a statement looks at. */
  looksAt?: number;
  /** What is older is found by the index of titles, if the words are rare. */
  withOlder?: boolean;
}

/** Among so many of the newest messages, a page of what is common is found sooner than by the index. */
const NEWEST = 200;
/** Words are rare that the index has of so many messages, and of so many articles: these are all read for a page. */
const RARE = 10_000;
/** Statements at most for a page of words that are not rare. */
const ROUNDS = 2;
/** Words with other characters are no piece of an address or a msg_id. */
const MAY_BE_OF_ADDRESS = /^[!-~]+$/;

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
   * find these and nothing else. For a key without limits, those in titles and labels find nothing in addresses. For one
   * with limits the index is not asked: neither a cursor nor a delay tells how many messages of others have the words.
   */
  async list(scope: Scope, wanted: SentMessagePage): Promise<FoundPage<SentMessage, MessageKey>> {
    const few = await fewMerchants(this.dataSource, scope);
    const page = { ...wanted, few: few?.filter((id) => (wanted.merchantId ?? id) === id) };
    const { words } = page;
    if (words === undefined) return this.page(scope, page);
    const by = await this.namedBy(scope, words);
    const named = by && (await this.page(scope, { ...page, ...by, words: undefined }));
    if (named && named.found.length > 0) return named;
    if (!isEverything(scope)) return this.page(scope, page);
    const titled = await this.titled(scope, page);
    if (titled.found.length > 0 || !MAY_BE_OF_ADDRESS.test(words)) return titled;
    return this.page(scope, { ...page, within: 'addresses' }, 1);
  }

  private page(scope: Scope, page: SentMessagePage & OfFew & Named & Search, rounds?: number) {
    const look = (limit: number, after?: MessageKey) => this.looked(scope, { ...page, limit, after });
    return foundPage(look, page.limit, page.after, rounds);
  }

  /** Those with the words in a title or a label: all of them where the words are rare, or else page by page. */
  private async titled(scope: Scope, page: SentMessagePage): Promise<FoundPage<SentMessage, MessageKey>> {
    const titles: SentMessagePage & Search = { ...page, within: 'titles' };
    const first = await this.page(scope, { ...titles, looksAt: NEWEST, withOlder: true }, 1);
    if (!first.next || first.found.length === page.limit) return first;
    const rest = { ...titles, limit: page.limit - first.found.length, after: first.next };
    const older = await this.page(scope, rest, ROUNDS);
    return { found: [...first.found, ...older.found], next: older.next };
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

  private async looked(
    scope: Scope,
    page: SentMessagePage & OfFew & Named & Search,
  ): Promise<(SentMessage & Looked & MessageKey)[]> {
    const { merchantId, label, words, msgId, among, sentAfter, sentBefore, limit, after } = page;
    const { within, looksAt = LOOKED_AT, withOlder = false } = page;
    const isTimed = isBySendTime(page);
    const { parameters, bind } = statement();
    const { articles, labels, limited, limits } = countedInventory(scope, bind);
    const same = (row: string) => `${row}.merchant_id = k.merchant_id AND ${row}.msg_id = k.msg_id`;
    // Those that are named are looked up one by one anyway.
    const few = among ? undefined : page.few;
    const where = [
      few ? 'k.merchant_id = me.id' : await isMerchantOf(scope, 'me', bind, this.dataSource),
      merchantId && `k.merchant_id = ${bind(merchantId)}`,
      label !== undefined && `k.label = ${bind(label)}`,
      msgId !== undefined && `k.msg_id = ${bind(msgId)}`,
      among &&
        `(k.merchant_id, k.msg_id) IN (
           SELECT * FROM ${recordset(bind, 'n', among, { merchantId: 'uuid', msgId: 'bigint' })})`,
    ].filter(Boolean);
    const orderOf = (sentAt: string) => `${isTimed ? `${sentAt} DESC, ` : ''}k.msg_id DESC, k.merchant_id DESC`;
    const order = orderOf('k.sent_at');
    const size = words === undefined ? limit : looksAt;
    const most = bind(size);
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
    const placesOf = (table: string, sentAt: string, conditions: string[]) => `
      k.merchant_id, k.msg_id${isTimed ? `, ${sentAt} AS sent_at` : ''} FROM ${table} k
      ${few || isEverything(scope) ? '' : 'JOIN merchants me ON me.id = k.merchant_id'}
      WHERE ${[...where, ...spanOf(sentAt), ...conditions].join(' AND ')} ORDER BY ${orderOf(sentAt)}`;
    const pageOf = (table: string, sentAt: string, conditions: string[], limit: string) =>
      `SELECT ${placesOf(table, sentAt, conditions)} LIMIT ${limit}`;
    // Of few merchants, some of each one's newest tell how far down the page reaches at the most.
    const pageOfFew = (merchants: readonly string[], table: string, sentAt: string, conditions: string[]) => {
      const some = Math.ceil(Math.min(size, (4 * size) / Math.max(1, merchants.length)));
      const [shown, own, least] = isTimed
        ? ['sent_at', sentAt, `'-infinity'::timestamptz`]
        : ['msg_id', 'k.msg_id', '0'];
      const newestOf = (limit: string, also: string[] = []) => `CROSS JOIN LATERAL (
        SELECT DISTINCT ${placesOf(table, sentAt, [...conditions, ...also])} LIMIT ${limit}) AS k`;
      return `
        WITH newest AS MATERIALIZED (
          SELECT k.* FROM unnest(${bind(merchants)}::uuid[]) AS me (id) ${newestOf(bind(some))}
        ), lowest AS MATERIALIZED (
          SELECT COALESCE((SELECT ${shown} FROM newest k ORDER BY ${order} OFFSET ${bind(size - 1)} LIMIT 1), ${least}) AS at
        )
        SELECT k.* FROM (SELECT DISTINCT merchant_id AS id FROM newest, lowest WHERE ${shown} >= lowest.at) AS me
        ${newestOf(most, [`${own} >= (SELECT at FROM lowest)`])} ${newestFirst}`;
    };
    const ofLabel = label === undefined ? [] : ['k.import_counts'];
    const own = few
      ? pageOfFew(few, 'mass_messages', 'k.finished_at', ofLabel)
      : pageOf('mass_messages', 'k.finished_at', ofLabel, most);
    // The time that is shown of a message counts: what is known otherwise, or else the latest that was imported.
    const isShownTime = [
      `NOT EXISTS (SELECT 1 FROM mass_messages m WHERE ${same('m')} AND m.finished_at IS NOT NULL)`,
      `k.sent_at = (SELECT max(i.sent_at) FROM ${limited} i WHERE ${same('i')})`,
    ];
    const besides = () => {
      const ofTime = isTimed ? isShownTime : [];
      if (few) return pageOfFew(few, 'limited_imports', 'k.sent_at', [`k.limits_id = ANY(ARRAY${limits})`, ...ofTime]);
      return `SELECT i.* FROM ${limits} AS l CROSS JOIN LATERAL
        (${pageOf('limited_imports', 'k.sent_at', ['k.limits_id = l.id', ...ofTime], most)}) AS i`;
    };
    const all = isEverything(scope) ? own : `SELECT * FROM ((${own}) UNION (${besides()})) AS k ${newestFirst}`;
    // Those without a source are shown, too, although they count for nobody.
    const columns = `SELECT merchant_id, msg_id, article_idx, url, title, source FROM`;
    const limitedArticles = `UNION ALL ${columns} ${articles} AS a WHERE source = 'limited_import'`;
    const shown = `(${columns} mass_message_articles ${isEverything(scope) ? '' : limitedArticles})`;
    // Without what was imported with limits, the message's own row and rows tell all.
    const [told, labelOf] = isEverything(scope)
      ? [`(${columns} mass_message_articles s WHERE ${same('s')})`, 'CASE WHEN m.import_counts THEN m.label END']
      : [
          `(SELECT DISTINCT ON (article_idx) * FROM ${shown} s WHERE ${same('s')}
             ORDER BY article_idx, url IS NULL, array_position('{wechat,import,limited_import}', source))`,
          `(SELECT l.label FROM ${labels} l WHERE ${same('l')} AND l.label IS NOT NULL ORDER BY l.is_limited LIMIT 1)`,
        ];
    const ofArticles = within === undefined ? 'concat_ws(chr(10), s.url, s.title)' : ARTICLE_TEXT[within];
    const texts = [
      `SELECT ${ofArticles} AS text FROM ${shown} s WHERE ${same('s')}`,
      within !== 'titles' && 'SELECT k.msg_id::text',
      within !== 'addresses' &&
        `SELECT m.title FROM mass_messages m WHERE ${same('m')}
         UNION ALL SELECT i.title FROM ${limited} i WHERE ${same('i')}
         UNION ALL SELECT l.label FROM ${labels} l WHERE ${same('l')}`,
    ].filter((some) => some !== false);
    const firstOf = (some: string) => `SELECT * FROM (${some}) AS k ORDER BY ${order} LIMIT ${bind(limit)}`;
    const looksFor = (some: string) =>
      firstOf(`SELECT * FROM (
        SELECT k.*,
          EXISTS (SELECT 1 FROM (${texts.join(' UNION ALL ')}) t WHERE ${hasWords('t.text', some, bind)}) AS fits,
          row_number() OVER (ORDER BY ${order}) = ${looksAt} AS is_last FROM (${all}) k) AS k WHERE fits OR is_last`);
    // How many the index has is asked for where the newest do not fill the page. If that is not too many, all older ones
    // come from it and the page is complete; if it is, the search goes on after the last of the newest.
    const withOlderFor = (some: string) => {
      const place = (row: string, sentAt: string) => `${isTimed ? `${sentAt}, ` : ''}${row}.msg_id, ${row}.merchant_id`;
      const isRare = `(SELECT indexed FROM older) <= ${RARE}`;
      const isOlder = `(${place('k', 'k.finished_at')}) < (SELECT ${place('n', 'n.sent_at')} FROM newest n WHERE is_last)`;
      return `
        WITH newest AS MATERIALIZED (${looksFor(some)}),
          older AS MATERIALIZED (SELECT ${countIndexed(some, bind)} AS indexed FROM newest WHERE is_last)
        SELECT * FROM newest WHERE fits OR (SELECT indexed FROM older) > ${RARE}
        UNION ALL SELECT k.*, TRUE, FALSE FROM (
          ${pageOf(withTitle(some, bind), 'k.finished_at', [...ofLabel, isRare, isOlder], bind(limit))}) AS k`;
    };
    const looked =
      words === undefined
        ? `SELECT k.*, TRUE AS fits, FALSE AS is_last FROM (${all}) k`
        : withOlder
          ? firstOf(withOlderFor(words))
          : looksFor(words);
    return rows(
      this.dataSource,
      `SELECT k.merchant_id AS "merchantId", me.authorizer_appid AS "authorizerAppid",
         p.component_appid AS "componentAppid", me.nick_name AS "merchantName", k.msg_id AS "msgId", COALESCE(m.status, 'imported') AS status,
         m.status_code AS "statusCode", m.total_count AS "totalCount", m.filter_count AS "filterCount",
         m.sent_count AS "sentCount", m.error_count AS "errorCount",
         COALESCE(m.finished_at, i.sent_at) AS "finishedAt", COALESCE(m.title, i.title) AS title,
         ${labelOf} AS label,
         COALESCE((SELECT json_agg(json_build_object(
             'articleIdx', a.article_idx, 'url', a.url, 'title', a.title, 'source', a.source) ORDER BY a.article_idx)
           FROM ${told} a), '[]') AS articles, ${isTimed ? microsOf('k.sent_at') : 'NULL'} AS "sentMicros", k.fits, k.is_last AS "isLast"
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

const ARTICLE_TEXT: Record<Texts, string> = { titles: 's.title', addresses: 's.url' };

/**
 * SQL from FROM on: messages whose title or label has all pairs of characters that the words have, and articles with
 * such a title, as their indexes find them.
 */
function withPairsOf(words: string, bind: Bind): { messages: string; articles: string } {
  // Not as a value that the plan could be made for: statistics might call for reading all.
  const pairs = `(SELECT pairs_of(${bind(words)}))`;
  return {
    messages: `FROM mass_messages m WHERE (m.title IS NOT NULL OR m.label IS NOT NULL)
      AND pairs_in(COALESCE(m.title, '') || chr(10) || COALESCE(m.label, '')) @@ ${pairs}`,
    articles: `FROM mass_message_articles a WHERE a.title IS NOT NULL AND pairs_in(a.title) @@ ${pairs}`,
  };
}

/** SQL: how many messages, or articles, the index has for the words; one more than are rare stands for many. */
function countIndexed(words: string, bind: Bind): string {
  const { messages, articles } = withPairsOf(words, bind);
  const count = (some: string) => `(SELECT count(*) FROM (SELECT ${some} LIMIT ${RARE + 1}) AS k)`;
  return `(SELECT GREATEST(${count(messages)}, ${count(articles)}))`;
}

/** SQL: the mass_messages that have the words in a title, or in a label that counts. OFFSET has each looked up alone. */
function withTitle(words: string, bind: Bind): string {
  const { messages, articles } = withPairsOf(words, bind);
  const has = (text: string) => hasWords(text, words, bind);
  return `(SELECT m.* FROM (
      SELECT m.merchant_id, m.msg_id ${messages} AND (${has('m.title')} OR m.import_counts AND ${has('m.label')})
      UNION SELECT a.merchant_id, a.msg_id ${articles} AND ${has('a.title')}
    ) AS n CROSS JOIN LATERAL (
      SELECT * FROM mass_messages WHERE merchant_id = n.merchant_id AND msg_id = n.msg_id OFFSET 0) AS m)`;
}
