import { articleUrl, parseMsgId, TargetRefused } from '@app/deletions';
import { chooseMerchant, type ImportedMessage, type MerchantCard } from '@app/merchants';
import { readArticleAddress } from '@app/wechat';
import type { LineRejection } from '../http/bodies/ndjson.js';
import { StreamedBody } from '../http/bodies/streamed-bodies.js';
import { batchesOf } from '../http/bodies/turns.js';
import { readLines } from '../http/lines/read-lines.js';
import {
  importedArticleSchema,
  importedMessageSchema,
  type ImportedMessageRequest,
  type ImportRequest,
} from './mass-message.js';

const ARTICLE_CHARACTERS = 50;

export type ImportLine = { line: number; request: ImportedMessageRequest } | LineRejection;

export interface DecidedImports {
  messages: ImportedMessage[];
  rejections: LineRejection[];
}

/** The messages of a body, a batch at a time. */
export async function* importLines(body: ImportRequest | StreamedBody): AsyncGenerator<ImportLine[]> {
  if (!(body instanceof StreamedBody)) {
    const lines = [body].flat().map((request, i) => ({ line: i + 1, request }));
    yield* batchesOf(lines, ({ request }) => lengthOf(request));
    return;
  }
  yield* readLines(body, { json: importedMessageSchema, csv: importedArticleSchema });
}

/** About what it has as a line, where articles are many or their addresses long. */
const lengthOf = ({ articles }: ImportedMessageRequest) =>
  articles.reduce((sum, { url = '', title = '' }) => sum + ARTICLE_CHARACTERS + url.length + title.length, 0);

/** The known merchants and addresses that imports are held against. */
export interface KnownMerchants {
  /** Those of an upload's appids that the caller may see. */
  cards: MerchantCard[];
  /** Every merchant whose addresses carry one of the upload's `__biz`, whether the caller may see it or not. */
  owners: MerchantCard[];
}

/** The appids and the `__biz` that these lines name. */
export function namesIn(lines: ImportLine[]): { appids: string[]; biz: string[] } {
  const requests = lines.flatMap((read) => ('request' in read ? read.request : []));
  const biz = requests.flatMap(({ articles }) => articles.flatMap(({ url }) => bizOf(url) ?? []));
  return { appids: [...new Set(requests.map(({ merchant }) => merchant))], biz: [...new Set(biz)] };
}

export function decideImports(lines: ImportLine[], known: KnownMerchants): DecidedImports {
  const accounts = new Accounts(known);
  const cards = new Map<string, MerchantCard[]>();
  for (const card of known.cards) {
    cards.set(card.authorizerAppid, [...(cards.get(card.authorizerAppid) ?? []), card]);
  }
  const decided: DecidedImports = { messages: [], rejections: [] };
  for (const read of lines) {
    const decision =
      'request' in read ? decide(read.line, read.request, cards.get(read.request.merchant) ?? [], accounts) : read;
    if ('code' in decision) decided.rejections.push(decision);
    else decided.messages.push(decision);
  }
  return decided;
}

function decide(
  line: number,
  request: ImportedMessageRequest,
  cards: MerchantCard[],
  accounts: Accounts,
): ImportedMessage | LineRejection {
  const merchant = chooseMerchant(request, cards);
  if ('code' in merchant) return { line, ...merchant };
  const { label, title, sent_at: sentAt } = request;
  try {
    const msgId = parseMsgId(request.msg_id);
    const articles = request.articles.map((article) => ({
      ...article,
      url: article.url === undefined ? undefined : articleUrl(article.url, `The url of article ${article.article_idx}`),
    }));
    const foreign = accounts.foreignAmong(merchant.authorizerAppid, articles);
    if (foreign) return { line, ...ofAnother(merchant.authorizerAppid, foreign.article_idx) };
    return {
      merchantId: merchant.id,
      msgId,
      label,
      title,
      sentAt,
      articles: articles.map(({ article_idx, url, title: name }) => ({ articleIdx: article_idx, url, title: name })),
    };
  } catch (error) {
    if (error instanceof TargetRefused) return { line, code: error.code, detail: error.message };
    throw error;
  }
}

/**
 * Which account a `__biz` names, and the other way round. An address that is put under the wrong merchant would have
 * the wrong article deleted one day. Who was not known is learned from the first line that tells.
 */
class Accounts {
  private readonly bizOfAppid = new Map<string, string>();
  private readonly appidOfBiz = new Map<string, string>();

  constructor({ cards, owners }: KnownMerchants) {
    const known = [...cards, ...owners];
    const isTold = ({ bizSource }: MerchantCard) => bizSource === 'wechat';
    // The word of WeChat goes before an import.
    for (const { authorizerAppid, biz } of [...known.filter((card) => !isTold(card)), ...known.filter(isTold)]) {
      if (biz !== null) this.learn(authorizerAppid, biz);
    }
  }

  /** @returns the one that is not of this account, if any */
  foreignAmong<Article extends { url?: string | undefined }>(appid: string, articles: Article[]): Article | undefined {
    const own = this.bizOfAppid.get(appid) ?? articles.map(({ url }) => bizOf(url)).find((biz) => biz !== undefined);
    if (own === undefined) return undefined;
    const isOwners = this.bizOfAppid.has(appid) || !this.appidOfBiz.has(own);
    const foreign = articles.find(({ url }) => {
      const biz = bizOf(url);
      return biz !== undefined && (biz !== own || !isOwners);
    });
    if (!foreign) this.learn(appid, own);
    return foreign;
  }

  private learn(appid: string, biz: string): void {
    this.bizOfAppid.set(appid, biz);
    this.appidOfBiz.set(biz, appid);
  }
}

const bizOf = (url: string | undefined) => (url === undefined ? undefined : readArticleAddress(url)?.biz);

const ofAnother = (merchant: string, articleIdx: number) => ({
  code: 'url_of_another_merchant',
  detail: `The __biz in the address of article ${articleIdx} is not that of merchant ${merchant}.`,
});
