import type { CreateTakedown, MassMessage } from '@app/client';
import type { TargetLine } from '@app/target-lists';
import { articleOf } from './links.js';

/** What the inventory knows of what an item would take. */
export type Known =
  | { is: 'titled'; titles: string[] }
  /** The message is not known, or its titles are not. */
  | { is: 'unknown' }
  /** The message is known, and has no such article. */
  | { is: 'no_such_article' };

export const isWholeMessage = ({ whole_message, article_idx }: TargetLine): boolean =>
  whole_message === true || article_idx === 0;

export function knownOf(item: TargetLine, messages: readonly MassMessage[]): Known {
  const message = messages.find(
    ({ merchant, msg_id, articles }) =>
      (item.merchant === undefined || item.merchant === merchant) &&
      (item.msg_id === undefined ? articles.some(({ url }) => isSame(url, item.url)) : item.msg_id === msg_id),
  );
  if (!message) return { is: 'unknown' };
  const { articles } = message;
  if (isWholeMessage(item)) {
    const titles = titlesOf(articles);
    return titled(titles.length > 0 ? titles : titlesOf([message]));
  }
  const taken = articles.filter(({ article_idx, url }) =>
    item.msg_id === undefined ? isSame(url, item.url) : article_idx === item.article_idx,
  );
  // The title of the message is that of its first article: it says nothing of the others.
  return taken.length === 0 && articles.length > 0 ? { is: 'no_such_article' } : titled(titlesOf(taken));
}

const titlesOf = (some: readonly { title: string | null }[]) => some.flatMap(({ title }) => title ?? []);

const titled = (titles: string[]): Known => (titles.length > 0 ? { is: 'titled', titles } : { is: 'unknown' });

const isSame = (url: string | null, asked: unknown) => url !== null && articleOf(url) === articleOf(String(asked));

/** What is taken of messages with a label, those left out of which it is gone. */
export const takenOf = (
  messages: readonly MassMessage[],
  { article_idx, whole_message }: Pick<CreateTakedown, 'article_idx' | 'whole_message'>,
): TargetLine[] =>
  messages
    .filter(
      ({ deleted_at, articles }) =>
        deleted_at === null &&
        (whole_message === true ||
          articles.length === 0 ||
          articles.some((article) => article.article_idx === article_idx && article.deleted_at === null)),
    )
    .map(({ merchant, component_appid, msg_id }) => ({
      merchant,
      component_appid,
      msg_id,
      ...(whole_message === true ? { whole_message } : { article_idx: article_idx as number }),
    }));
