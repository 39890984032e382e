import type { Deletion, Takedown } from '@app/client';

type Counts = NonNullable<Takedown['counts']>;

export interface Progress {
  all: number;
  /** Have ended, however that came out. */
  ended: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  running: number;
  /** Can still be stopped. */
  open: number;
  /** None is being sent: all that is left waits for something. */
  isWaiting: boolean;
}

export function progressOf({ scheduled, queued, running, waiting, succeeded, failed, cancelled }: Counts): Progress {
  const ended = succeeded + failed + cancelled;
  const open = scheduled + queued + waiting;
  return {
    ...{ ended, succeeded, failed, cancelled, running, open },
    all: ended + open + running,
    isWaiting: open > 0 && running === 0 && queued === 0,
  };
}

/** How a takedown stands, and what the sentence about it needs. */
export type Standing =
  | { is: 'receiving' | 'broken_off' | 'untold' | 'undone' }
  | { is: 'pending'; untilAt: string | null }
  | { is: 'running' | 'waiting'; ended: number; all: number }
  /** Calls that were out when it was stopped are still without an answer. */
  | { is: 'stopping'; running: number; done: number; stopped: number }
  | { is: 'stopped'; done: number; stopped: number; failed: number }
  | { is: 'finished'; all: number }
  | { is: 'finished_partly'; done: number; all: number; rest: number };

export function standingOf(takedown: Pick<Takedown, StandsBy>): Standing {
  const { state, undo_until, cancel_code, counts, already_deleted } = takedown;
  if (state === 'receiving') return { is: 'receiving' };
  if (state === 'pending') return { is: 'pending', untilAt: undo_until };
  if (state === 'cancelled' && cancel_code === 'upload_broken_off') return { is: 'broken_off' };
  if (!counts) return { is: 'untold' };
  const { ended, all, succeeded, failed, cancelled, running, isWaiting } = progressOf(counts);
  if (state === 'running') return { is: isWaiting ? 'waiting' : 'running', ended, all };
  if (state === 'finished')
    return succeeded === all
      ? { is: 'finished', all }
      : { is: 'finished_partly', done: succeeded, all, rest: failed + cancelled };
  // Those that were gone before it began are no work of it.
  const done = Math.max(0, succeeded - already_deleted);
  if (running > 0) return { is: 'stopping', running, done, stopped: cancelled };
  // Of a failed call the answer may be unknown: its target may be gone.
  return done + failed === 0 ? { is: 'undone' } : { is: 'stopped', done, stopped: cancelled, failed };
}

type StandsBy = 'state' | 'undo_until' | 'cancel_code' | 'counts' | 'already_deleted';

/** How many of its open deletions others have asked for at the most: those go on when it is stopped. */
export function ofOthers({ counts, already_open }: Pick<Takedown, 'counts' | 'already_open'>): number {
  if (!counts) return already_open;
  const { open, running } = progressOf(counts);
  return Math.min(already_open, open + running);
}

/** Its target was gone before the takedown was asked for. */
export const wasGone = ({ finished_at }: Pick<Deletion, 'finished_at'>, { created_at }: Pick<Takedown, 'created_at'>) =>
  finished_at !== null && Date.parse(finished_at) < Date.parse(created_at);

const MINUTE_MS = 60_000;
/** Before that, a rate says little. */
const FROM_MS = 5_000;

/** Deletions that have ended in a minute, on the average since it began; undefined where that cannot be told. */
export function perMinute(takedown: Takedown, now: number): number | undefined {
  const { counts, started_at, undo_until, finished_at } = takedown;
  if (!counts || started_at === null) return undefined;
  const begunAt = Math.max(Date.parse(started_at), Date.parse(undo_until ?? started_at));
  const ms = (finished_at === null ? now : Date.parse(finished_at)) - begunAt;
  // Those that were gone before it began are no work of it.
  const done = counts.succeeded + counts.failed - takedown.already_deleted;
  if (ms < FROM_MS || done <= 0) return undefined;
  return Math.round((done / ms) * MINUTE_MS * 10) / 10;
}

/** The merchant that a line of a list names, by its appid: the first that it names. */
export const merchantIn = (excerpt = ''): string | undefined => /\bwx[0-9a-f]{16}\b/.exec(excerpt)?.[0];
