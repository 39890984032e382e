import { QueueUnavailable } from './errors.js';
import { queueShortage, type QueueShortage } from './shortage.js';

const WHAT: Record<Exclude<QueueShortage, 'queue_unavailable'>, string> = {
  queue_full: 'has no room',
  queue_read_only: 'takes no writes: a replica, or a server that cannot write its disk',
  queue_refused: 'refuses us: see docs/operations.md, The queue in Redis',
};

/**
 * A start that the queue stopped, in a line for whoever can mend it; undefined when it did not answer at all, or it was
 * something else.
 */
export function whyNoQueue(setting: string, error: unknown): string | undefined {
  const shortage = queueShortage(error);
  if (!shortage || shortage === 'queue_unavailable') return undefined;
  return `The queue of ${setting} ${WHAT[shortage]} (${serverWords(error)}). Start again when that is mended.`;
}

/**
 * Whether a start that ended so may succeed a little later: rights and passwords stay wrong until somebody mends them.
 */
export function isQueueAway(error: unknown): boolean {
  return error instanceof QueueUnavailable && queueShortage(error) !== 'queue_refused';
}

function serverWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? serverWords(error.cause) : error.message;
}
