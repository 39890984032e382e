import { canonicalArticleUrl, readArticleLink, readMsgId } from '@app/wechat';
import { TargetRefused } from '../errors.js';

/** The target as the request has it, its types checked but nothing decided. */
export interface TargetRequest {
  msg_id?: number | string | undefined;
  article_idx?: number | undefined;
  whole_message?: boolean | undefined;
  url?: string | undefined;
}

export type Target = { msgId: bigint; articleIdx: number } | { url: string };

/** The `articleIdx` of a whole message. WeChat reads an absent one so too; our calls always name it. */
export const WHOLE_MESSAGE = 0;

/** The status that `mass/get` gives a message that was deleted. */
export const DELETED = 'DELETE';
/** The status of a message that went out, also when some of its articles were deleted. */
export const SENT = 'SEND_SUCCESS';

/**
 * Decides what a request asks to delete. The rules of WeChat's call (an absent or zero `article_idx` deletes every
 * article; with a `msg_id` the `url` is ignored) are turned into demands for a clear statement.
 * @throws TargetRefused
 */
export function decideTarget(request: TargetRequest): { target: Target; ignored: 'url'[] } {
  if (request.msg_id === undefined) return { target: urlTarget(request), ignored: [] };
  const target = { msgId: parseMsgId(request.msg_id), articleIdx: decideArticle(request) };
  return { target, ignored: request.url === undefined ? [] : ['url'] };
}

/**
 * A key that is equal for requests which would delete the same thing with the same call, however its address is
 * spelled.
 */
export function targetKey(target: Target): string {
  return 'url' in target ? `url:${canonicalArticleUrl(target.url)}` : `msg:${target.msgId}:${target.articleIdx}`;
}

/** The target as a row has it. */
export function targetColumns(target: Target): { msgId: string | null; articleIdx: number | null; url: string | null } {
  return 'url' in target
    ? { msgId: null, articleIdx: null, url: target.url }
    : { msgId: String(target.msgId), articleIdx: target.articleIdx, url: null };
}

/** @throws TargetRefused */
export function parseMsgId(given: number | string): bigint {
  if (typeof given === 'number' && Number.isInteger(given) && !Number.isSafeInteger(given)) {
    throw new TargetRefused(
      'msg_id_unsafe_number',
      'As a JSON number this msg_id may have lost digits on its way: send it as a string.',
    );
  }
  const msgId = readMsgId(String(given));
  if (msgId === undefined) {
    throw new TargetRefused('msg_id_invalid', 'msg_id must be a whole number from 1 to 9223372036854775807.');
  }
  return msgId;
}

function decideArticle({ article_idx: articleIdx = WHOLE_MESSAGE, whole_message: isWhole = false }: TargetRequest) {
  if (articleIdx === WHOLE_MESSAGE && !isWhole) {
    throw new TargetRefused(
      'whole_message_not_confirmed',
      'Without an article_idx of 1 or more every article of the message would be deleted: ' +
        'say "whole_message": true if that is meant.',
    );
  }
  if (articleIdx !== WHOLE_MESSAGE && isWhole) {
    throw new TargetRefused(
      'whole_message_contradicts_article_idx',
      'The request names one article and asks for the whole message: leave one of them out.',
    );
  }
  return articleIdx;
}

function urlTarget(request: TargetRequest): Target {
  if (request.url === undefined) throw new TargetRefused('target_missing', 'Give a msg_id or a url.');
  if (request.article_idx !== undefined) {
    throw new TargetRefused(
      'article_idx_needs_msg_id',
      'article_idx counts only with a msg_id: a url names its article.',
    );
  }
  if (request.whole_message) {
    throw new TargetRefused(
      'whole_message_needs_msg_id',
      'A url names one article: the whole message needs its msg_id.',
    );
  }
  return { url: articleUrl(request.url) };
}

/**
 * @param field the link's field, which the refusal names
 * @returns the link as it may be kept and sent
 * @throws TargetRefused unless it is the link of exactly one article
 */
export function articleUrl(pasted: string, field = 'url'): string {
  const link = readArticleLink(pasted);
  if (link) return link.url;
  throw new TargetRefused(
    'url_not_an_article',
    `${field} must be the link of one article and nothing else: ` +
      'https://mp.weixin.qq.com/s?__biz=…&mid=…&idx=…&sn=… or https://mp.weixin.qq.com/s/….',
  );
}
