import type { MassMessage } from '@app/client';
import type { Selected } from '../take-down/draft/draft.js';

type Article = MassMessage['articles'][number];

/** All articles of a message at once. */
export const WHOLE = 0;

/** What is picked, by what it is of. */
export type Picked = ReadonlyMap<string, Selected>;

/** An article by its number, or the whole message. */
export const keyOf = ({ component_appid, merchant, msg_id }: MassMessage, articleIdx: number): string =>
  `${component_appid} ${merchant} ${msg_id} ${articleIdx}`;

/** What was picked before, by what it is of. */
export const pickedOf = (selected: readonly Selected[]): Picked =>
  new Map(selected.map((one) => [keyOfItem(one.item), one]));

const keyOfItem = ({ component_appid, merchant, msg_id, whole_message, article_idx }: Selected['item']): string =>
  [component_appid, merchant, msg_id, whole_message ? WHOLE : article_idx].join(' ');

/** Whether WeChat sent it, as far as is known. */
export const wasSent = ({ status }: Pick<MassMessage, 'status'>): boolean =>
  status === 'imported' || status.replaceAll(' ', '') === 'sendsuccess';

export function canPick(message: MassMessage, articleIdx: number): boolean {
  if (!wasSent(message) || message.deleted_at !== null) return false;
  if (articleIdx === WHOLE) return true;
  return articleOf(message, articleIdx)?.deleted_at === null;
}

const articleOf = ({ articles }: MassMessage, articleIdx: number): Article | undefined =>
  articles.find(({ article_idx }) => article_idx === articleIdx);

function selectedOf(message: MassMessage, articleIdx: number): Selected {
  const { merchant, component_appid, msg_id, merchant_name } = message;
  const target = articleIdx === WHOLE ? { whole_message: true } : { article_idx: articleIdx };
  return {
    item: { merchant, component_appid, msg_id, ...target },
    // The title of the message is that of its first article: it says nothing of the others.
    title: articleIdx === WHOLE ? message.title : articleOf(message, articleIdx)?.title,
    account: merchant_name,
  };
}

/** Picks it, or leaves it out again. A whole message has its articles within it. */
export function toggled(picked: Picked, message: MassMessage, articleIdx: number): Picked {
  const next = new Map(picked);
  const key = keyOf(message, articleIdx);
  if (next.delete(key) || !canPick(message, articleIdx)) return next;
  add(next, message, articleIdx);
  return next;
}

/** With the same part of many messages: those that went out, have it, and still have it. */
export function withAll(picked: Picked, messages: readonly MassMessage[], articleIdx: number): Picked {
  const next = new Map(picked);
  for (const message of messages) if (canPick(message, articleIdx)) add(next, message, articleIdx);
  return next;
}

function add(picked: Map<string, Selected>, message: MassMessage, articleIdx: number): void {
  if (articleIdx !== WHOLE && picked.has(keyOf(message, WHOLE))) return;
  if (articleIdx === WHOLE) for (const { article_idx } of message.articles) picked.delete(keyOf(message, article_idx));
  picked.set(keyOf(message, articleIdx), selectedOf(message, articleIdx));
}

/** How much is picked. */
export function countsOf(picked: Picked): { articles: number; messages: number; merchants: number } {
  const all = [...picked.values()];
  const messages = all.filter(({ item }) => item.whole_message).length;
  return { articles: all.length - messages, messages, merchants: new Set(all.map(({ item }) => item.merchant)).size };
}
