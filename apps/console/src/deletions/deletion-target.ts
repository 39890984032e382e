import type { Deletion } from '@app/client';
import type { Say } from '../language/text.js';
import { deletionTexts as texts } from './texts.js';

type Target = Pick<Deletion, 'msg_id' | 'article_idx' | 'whole_message' | 'url' | 'title'>;

/** The part of its message that a deletion is of. */
const partOf = ({ whole_message, article_idx }: Target, t: Say): string =>
  whole_message ? t(texts.whole) : t(texts.article, { number: article_idx ?? 0 });

/** What is to go, in a few words: its title, where that is known. */
export function targetName(target: Target, t: Say): string {
  if (target.title !== undefined) return `“${target.title}”`;
  return target.msg_id === null ? t(texts.byLink) : partOf(target, t);
}

/** The same by numbers, or by its link. */
export const targetNumbers = (target: Target, t: Say): string =>
  target.msg_id === null ? (target.url ?? '') : t(texts.ofMessage, { id: target.msg_id, part: partOf(target, t) });
