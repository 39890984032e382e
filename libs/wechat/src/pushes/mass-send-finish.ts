import { readMsgId } from './msg-id.js';
import type { XmlFields, XmlValue } from './xml.js';

/** The end of a mass send, as the `MASSSENDJOBFINISH` event tells it. */
export interface MassSendFinish {
  msgId: bigint;
  /** Raw: `send success`, `send fail` or `err(N)`. Success means that the job went out; look at the counts. */
  status: string;
  /** N of `err(N)`, such as 20001 politics, 30003 judged a reprint. */
  statusCode: number | undefined;
  totalCount: number | undefined;
  filterCount: number | undefined;
  sentCount: number | undefined;
  errorCount: number | undefined;
  /** The only addresses that a message can be deleted by. May be empty. */
  articles: { articleIdx: number; url: string }[];
  /** How many articles the message has. Undefined where that cannot be told, such as beside items that are odd. */
  articleCount: number | undefined;
}

const MAX_URL_LENGTH = 2_000;

/**
 * Undefined when there is no msg_id in it: then there is nothing to remember.
 * @see https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Batch_Sends_and_Originality_Checks.html
 */
export function readMassSendFinish(event: XmlFields): MassSendFinish | undefined {
  // The capitals differ from an ordinary message's MsgId.
  const { MsgID: digits, Status: status } = event;
  const msgId = typeof digits === 'string' ? readMsgId(digits) : undefined;
  if (msgId === undefined) return undefined;
  const text = typeof status === 'string' ? status : '';
  const code = /^err\((\d{1,9})\)$/.exec(text)?.[1];
  const articles = articlesOf(event['ArticleUrlResult']);
  return {
    msgId,
    status: text,
    statusCode: code === undefined ? undefined : Number(code),
    totalCount: countOf(event['TotalCount']),
    filterCount: countOf(event['FilterCount']),
    sentCount: countOf(event['SentCount']),
    errorCount: countOf(event['ErrorCount']),
    articles,
    articleCount: countArticles(event['ArticleUrlResult'], articles),
  };
}

const itemsOf = (result: XmlValue | undefined): XmlValue[] => childrenOf(childrenOf(result, 'ResultList'), 'item');

/** WeChat says it; if not, all items that are numbered from 1 without a gap. */
function countArticles(result: XmlValue | undefined, articles: MassSendFinish['articles']): number | undefined {
  const numbers = new Set(articles.map(({ articleIdx }) => articleIdx));
  const highest = Math.max(0, ...numbers);
  const [said] = childrenOf(result, 'Count').map(countOf);
  if (said !== undefined) return said >= Math.max(1, highest, itemsOf(result).length) ? said : undefined;
  const isWhole = articles.length === itemsOf(result).length && numbers.size === highest;
  return isWhole && highest > 0 ? highest : undefined;
}

/** An item that is odd is left out; an address with a lost character is the address of nothing. */
function articlesOf(result: XmlValue | undefined): MassSendFinish['articles'] {
  return itemsOf(result).flatMap((item) => {
    if (!isFields(item)) return [];
    const { ArticleIdx: idx, ArticleUrl: url } = item;
    const articleIdx = countOf(idx);
    if (!articleIdx || typeof url !== 'string') return [];
    return /^[^\s\ufffd]+$/.test(url) && url.length <= MAX_URL_LENGTH ? [{ articleIdx, url }] : [];
  });
}

const childrenOf = (parents: XmlValue | undefined, name: string): XmlValue[] =>
  [parents ?? []].flat().flatMap((parent) => (isFields(parent) ? (parent[name] ?? []) : []));

const isFields = (value: XmlValue | undefined): value is XmlFields =>
  typeof value === 'object' && !Array.isArray(value);

const countOf = (value: XmlValue | undefined): number | undefined =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
