import type { MassMessage } from '@app/client';
import type { TargetLine } from '@app/target-lists';

/** The titles of what an item would take; none where the inventory does not know them. */
export function titlesOf(item: TargetLine, messages: readonly MassMessage[]): string[] {
  const message = messages.find(
    ({ merchant, msg_id, articles }) =>
      (item.merchant === undefined || item.merchant === merchant) &&
      (item.msg_id === undefined ? articles.some(({ url }) => isSame(url, item.url)) : item.msg_id === msg_id),
  );
  if (!message) return [];
  const taken = message.articles.filter(
    ({ article_idx, url }) =>
      item.whole_message === true ||
      (item.msg_id === undefined ? isSame(url, item.url) : article_idx === item.article_idx),
  );
  const titles = taken.flatMap(({ title }) => title ?? []);
  return titles.length === 0 && message.title !== null ? [message.title] : titles;
}

/** The same article, however its address is spelled: WeChat writes the same parameters in another order, or more of them. */
const isSame = (url: string | null, asked: unknown) => url !== null && nameOf(url) === nameOf(String(asked));

function nameOf(url: string): string {
  try {
    const { pathname, searchParams } = new URL(url.replaceAll('&amp;', '&'), 'https://mp.weixin.qq.com');
    const named = ['__biz', 'mid', 'idx', 'sn'].map((name) => searchParams.get(name) ?? '');
    return named.some((value) => value !== '') ? named.join('/') : pathname;
  } catch {
    return url;
  }
}
