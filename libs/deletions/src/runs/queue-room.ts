/** About what one process takes at a time. */
export const LEAST_CAPACITY = 50;
/** Enough for many fast workers between two looks, and soon gone. */
export const MOST_CAPACITY = 1_000;
/** Workers that find the queue empty between two looks stand still; what waits longer makes urgent deletions wait. */
const AHEAD_MS = 400;
/**
 * At once it grows and shrinks by no more than this. Workers that have just begun take more than they can do, and what
 * waits for longer than its slot lives has to buy another; and they are slower right after a look, which keeps Postgres
 * busy.
 */
const GROW = 5 / 4;
const SHRINK = 3 / 4;
/** What was measured between two looks may be off. */
const MOST_PAUSE_MS = 75;

/** What became of the queue since the last look. */
export interface Seen {
  /** Jobs that waited right after it. */
  handedOut: number;
  /** Those that no worker has taken since. */
  waiting: number;
  elapsedMs: number;
}

/**
 * How many jobs may wait in the queue after the next look: what workers take in a few looks. When WeChat slows down,
 * deletions stay in their lanes.
 */
export function nextCapacity(capacity: number, { handedOut, waiting, elapsedMs }: Seen): number {
  const hasRunDry = waiting === 0 && handedOut >= capacity / 2;
  const wanted = hasRunDry ? Infinity : (AHEAD_MS * (handedOut - waiting)) / Math.max(1, elapsedMs);
  // Where little was handed out, little could be taken: that says nothing. So it shrinks only while much is left.
  const least = waiting > capacity / 2 ? capacity * SHRINK : capacity;
  return Math.floor(Math.min(MOST_CAPACITY, Math.max(LEAST_CAPACITY, least, Math.min(capacity * GROW, wanted))));
}

/**
 * How long until workers will have taken a third of the queue, as far as one knows. A look costs much the same whatever
 * it hands out, so it is not worth it before.
 */
export const untilWorthALookMs = (capacity: number, waiting: number) =>
  Math.min(MOST_PAUSE_MS, Math.max(0, (waiting / capacity - 2 / 3) * AHEAD_MS));
