import { QueueUnavailable } from './errors.js';

/** The resource that the queue's server is short of. */
export type QueueShortage = 'queue_unavailable' | 'queue_full' | 'queue_read_only' | 'queue_refused';

/**
 * The resource that a QueueUnavailable says is short; undefined for any other error. Redis begins what it says with a
 * word of its own: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
 */
export function queueShortage(error: unknown): QueueShortage | undefined {
  if (!(error instanceof QueueUnavailable)) return undefined;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    const found = byRedisWord(cause.message) ?? bySqlState('code' in cause ? cause.code : undefined);
    if (found) return found;
  }
  return 'queue_unavailable';
}

/** A script passes on the word of the command that failed in it, behind its own. */
function byRedisWord(message: string): QueueShortage | undefined {
  const word = /^(?:ERR Error running script[^]*?: |ERR user_script:\d+: |-)?(?:@user_script[^ ]* )?-?([A-Z]+)\b/.exec(
    message,
  )?.[1];
  switch (word) {
    case 'OOM':
      return 'queue_full';
    // A replica; a primary without its replicas; one that cannot write its disk.
    case 'READONLY':
    case 'NOREPLICAS':
    case 'MISCONF':
      return 'queue_read_only';
    // The last one: a node of a cluster, and not the one that has our keys.
    case 'NOPERM':
    case 'NOAUTH':
    case 'WRONGPASS':
    case 'MOVED':
      return 'queue_refused';
    default:
      return undefined;
  }
}

/** The queue in Postgres. */
function bySqlState(code: unknown): QueueShortage | undefined {
  switch (code) {
    case '53100':
      return 'queue_full';
    case '25006':
      return 'queue_read_only';
    case '28000':
    case '28P01':
      return 'queue_refused';
    default:
      return undefined;
  }
}
