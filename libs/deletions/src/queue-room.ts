/** A little more than one process takes at a time. */
export const LEAST_CAPACITY = 50;
/** Enough for many fast workers between two looks, and soon gone. */
export const MOST_CAPACITY = 1_000;

/**
 * How many jobs may wait in the queue after the next look. It grows while workers empty it between looks, and shrinks when they
 * do not keep up: when WeChat slows down, deletions stay in their lanes, for a long queue would make urgent ones wait.
 * @param handedOut jobs that waited right after the last look
 * @param waiting those that no worker has taken since
 */
export function nextCapacity(capacity: number, handedOut: number, waiting: number): number {
  if (waiting > capacity / 2) return Math.max(LEAST_CAPACITY, Math.floor(capacity / 2));
  if (waiting === 0 && handedOut >= capacity / 2) return Math.min(MOST_CAPACITY, capacity * 2);
  return capacity;
}
