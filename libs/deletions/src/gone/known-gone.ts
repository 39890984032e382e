import { countedInventory, type CountedInventory } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { WHOLE_MESSAGE } from '../deletion/target.js';

/** A wish's target, as SQL expressions. */
export interface WishColumns {
  merchantId: string;
  msgId: string;
  articleIdx: string;
  targetKey: string;
  /** The key of the address that was asked for, where the inventory turned it into a message. */
  askedKey?: string;
  /** The target is known to be one article, or an address: the part that only whole messages need is left out. */
  isOneArticle?: boolean;
}

/** A wish whose columns all stand in one row. */
export const wishOf = (row: string): WishColumns => ({
  merchantId: `${row}.merchant_id`,
  msgId: `${row}.msg_id`,
  articleIdx: `${row}.article_idx`,
  targetKey: `${row}.target_key`,
  askedKey: `${row}.asked_key`,
});

/** The wish for an article of the inventory. */
const wishForArticle = (article: string): WishColumns => ({
  merchantId: `${article}.merchant_id`,
  msgId: `${article}.msg_id`,
  articleIdx: `${article}.article_idx`,
  targetKey: `'msg:' || ${article}.msg_id || ':' || ${article}.article_idx`,
  isOneArticle: true,
});

/**
 * SQL: the deletions `g` of the account that succeeded, over whichever platform, also those that are kept no more. A
 * failed one proves nothing. OFFSET keeps Postgres from beginning with `g`: other accounts have messages of the same
 * number.
 * @param ways SQL on `g`: which of them, each with an index of its own; `g.way` is the place of the one that found it
 */
const succeededOf = (merchantId: string, within: string, ways: readonly string[]) => `
  merchants mine JOIN merchants same ON same.authorizer_appid = mine.authorizer_appid AND ${within}
  CROSS JOIN LATERAL (
    ${ways.map(succeededIn).join(' UNION ALL ')} OFFSET 0
  ) AS g WHERE mine.id = ${merchantId}`;

const succeededIn = (isIt: string, way: number) => `
  SELECT g.id, g.target_key, g.finished_at, ${way} AS way FROM deletions g
  WHERE g.merchant_id = same.id AND g.state = 'succeeded' AND ${isIt}
  UNION ALL
  SELECT g.id, g.target_key, g.finished_at, ${way} AS way FROM gone_targets g WHERE g.merchant_id = same.id AND ${isIt}`;

/**
 * SQL: the id of the deletion by which a target is known to be gone, or null. That is one of the same target, or of the
 * whole message; one of any of its articles after which WeChat said that the message is deleted; one by the address
 * that was asked for, if it was made after the message went out; and for a whole message the last of its articles, if
 * WeChat told their number and each was deleted. An account's messages are the same over whichever platform. Of the
 * deletion no more may be kept than its row in `gone_targets`.
 * @param within SQL on the merchant `same`: whether the caller may know of its deletions
 */
export function goneBy(wish: WishColumns, within: string): string {
  const { merchantId, msgId, articleIdx, targetKey, askedKey, isOneArticle = false } = wish;
  const succeeded = (...ways: string[]) => succeededOf(merchantId, within, ways);
  const same = `g.target_key IN (${targetKey}, 'msg:' || ${msgId} || ':${WHOLE_MESSAGE}')`;
  const told = `g.msg_id = ${msgId} AND g.proof = 'verified'`;
  // Both at once: most wishes find neither, and look up their account once.
  const sameOrTold = `(
    SELECT g.id FROM ${succeeded(same, told)}
    ORDER BY g.target_key = ${targetKey} DESC, g.way, g.finished_at DESC LIMIT 1
  )`;
  const byAddress = `CASE WHEN ${askedKey} IS NOT NULL THEN (
    SELECT g.id FROM ${succeeded(`g.target_key = ${askedKey} AND g.created_at >= (
      SELECT COALESCE(mm.finished_at, mm.created_at) FROM mass_messages mm
      WHERE mm.merchant_id = ${merchantId} AND mm.msg_id = ${msgId})`)}
    ORDER BY g.finished_at DESC LIMIT 1
  ) END`;
  const oneByOne = `CASE WHEN ${articleIdx} = ${WHOLE_MESSAGE} THEN (
    SELECT article.last FROM (
      SELECT count(*) AS count, count(one.id) AS gone, (array_agg(one.id ORDER BY one.finished_at DESC))[1] AS last
      FROM generate_series(1, (SELECT max(mm.article_count) FROM ${messagesOf(wish, within)})) AS nth
      LEFT JOIN LATERAL (
        SELECT g.id, g.finished_at FROM ${succeeded(`g.target_key = 'msg:' || ${msgId} || ':' || nth`)}
        ORDER BY g.finished_at DESC LIMIT 1
      ) AS one ON true
    ) AS article WHERE article.gone = article.count
  ) END`;
  const ways = [sameOrTold, askedKey !== undefined && byAddress, !isOneArticle && oneByOne].filter(
    (way) => way !== false,
  );
  return `COALESCE(${ways.join(', ')})`;
}

/** SQL on a status: it says that the message went out, as `wasSent` decides. */
const WAS_SENT = (status: string) => `(${status} = 'imported' OR replace(${status}, ' ', '') = 'sendsuccess')`;

/** Today WeChat takes eight, and took ten until 2018; what was sent then can be deleted still. */
const MOST_ARTICLES = 10;

type MessageColumns = Pick<WishColumns, 'merchantId' | 'msgId'>;

/** SQL: the message `mm`, as any merchant of the account has it. */
const messagesOf = ({ merchantId, msgId }: MessageColumns, within: string) => `
  merchants mine JOIN merchants same ON same.authorizer_appid = mine.authorizer_appid AND ${within}
  JOIN mass_messages mm ON mm.merchant_id = same.id AND mm.msg_id = ${msgId}
  WHERE mine.id = ${merchantId}`;

/** SQL: the message `mm` as far as it counts for the caller, with its articles `ma`. */
const toldOf = ({ merchantId, msgId }: MessageColumns, within: string, { messages, articles }: CountedInventory) => `
  merchants mine JOIN merchants same ON same.authorizer_appid = mine.authorizer_appid AND ${within}
  JOIN ${eachOf(messages, `one.merchant_id = same.id AND one.msg_id = ${msgId}`)} mm ON true
  LEFT JOIN ${eachOf(articles, `one.merchant_id = mm.merchant_id AND one.msg_id = mm.msg_id`)} ma ON true
  WHERE mine.id = ${merchantId}`;

/**
 * SQL: of what the inventory has, the rows `one` that belong to the row before. What several tables have together
 * Postgres seeks by constants alone, were it not told to look each of them up: of millions of articles, it would read all.
 */
const eachOf = (relation: string, isIt: string) => `LATERAL (SELECT * FROM ${relation} AS one WHERE ${isIt} OFFSET 0)`;

/**
 * SQL: the number of a message's articles as WeChat told it, or else as an import named them, if it named several
 * without a gap. An import may name only the article that it is about, so one alone is no count.
 */
const COUNT_OF_ARTICLES = `COALESCE(max(mm.article_count), CASE WHEN bool_and(mm.status = 'imported')
  AND count(DISTINCT ma.article_idx) = max(ma.article_idx) AND max(ma.article_idx) > 1 THEN max(ma.article_idx) END)`;

/** The inventory without the imports of keys with limits, whoever asks. */
const FOR_ALL = countedInventory(EVERYTHING, () => '');

/** SQL: how many articles a message has, null if that is not known. */
export const knownArticles = (message: MessageColumns): string =>
  `(SELECT ${COUNT_OF_ARTICLES} FROM ${toldOf(message, 'TRUE', FOR_ALL)})`;

/** SQL: whether there never was such an article, as far as is known. */
export const isBeyondMessage = (wish: MessageColumns & Pick<WishColumns, 'articleIdx'>): string =>
  `(${wish.articleIdx} > LEAST(${MOST_ARTICLES}, ${knownArticles(wish)}))`;

/**
 * SQL: why there is nothing to delete at a target, as far as the inventory knows, or null. Only WeChat's word counts
 * for whether a message went out.
 */
export const obstacleTo = (wish: WishColumns, within: string, counted: CountedInventory): string => `
  CASE WHEN ${wish.articleIdx} > ${MOST_ARTICLES} THEN 'article_not_in_message' ELSE (
    SELECT CASE
      WHEN NOT bool_or(${WAS_SENT('mm.status')}) FILTER (WHERE mm.status <> 'imported') THEN 'message_not_sent'
      WHEN ${wish.articleIdx} > ${COUNT_OF_ARTICLES} THEN 'article_not_in_message' END
    FROM ${toldOf(wish, within, counted)}) END`;

/**
 * SQL: a row for each other send of the merchant, as far as it went out and is not known to be gone, whose page would
 * go with the target's, for they share the material.
 */
export const sharedWith = (
  { merchantId, msgId, articleIdx }: Omit<WishColumns, 'targetKey'>,
  within: string,
  { messages, articles }: CountedInventory,
): string => `
  SELECT DISTINCT o.merchant_id, o.msg_id, o.article_idx
  FROM ${articles} a
  JOIN ${eachOf(
    articles,
    'one.merchant_id = a.merchant_id AND one.mid = a.mid AND one.idx = a.idx AND one.msg_id <> a.msg_id',
  )} o ON true
  JOIN ${eachOf(messages, 'one.merchant_id = o.merchant_id AND one.msg_id = o.msg_id')} om ON ${WAS_SENT('om.status')}
  WHERE a.merchant_id = ${merchantId} AND a.msg_id = ${msgId}
    AND (${articleIdx} = ${WHOLE_MESSAGE} OR a.article_idx = ${articleIdx})
    AND ${goneBy(wishForArticle('o'), within)} IS NULL`;

/** SQL on the merchant `same`. @param platforms SQL: component_appids */
export const isOfPlatforms = (platforms: string): string =>
  `EXISTS (SELECT 1 FROM platforms sp
    WHERE sp.id = same.platform_id AND sp.component_appid = ANY(${platforms}::text[]))`;

/** The sentence that explains each obstacle. */
export const OBSTACLES = {
  message_not_sent: 'WeChat said that this message never went out.',
  article_not_in_message: 'The message has fewer articles than that, as far as is known.',
} as const;
