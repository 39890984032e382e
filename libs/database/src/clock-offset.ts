/** Further apart than this, a process must not time what others run. */
export const MOST_OFFSET_MS = 2_000;

/** One comparison of this process's clock with the database's. All in ms; the first two by the process's wall clock. */
export interface ClockReading {
  askedAt: number;
  answeredAt: number;
  databaseAt: number;
  /** The time that the answer took, by a clock that nobody sets. */
  tookMs: number;
}

/**
 * How far this process's clock is ahead of the database's at the least, whenever within `tookMs` the database looked at
 * its own: 0 while both may agree.
 * @returns ms, negative where the process is behind; undefined where its clock was set during the comparison, which
 * tells nothing
 */
export function leastOffsetMs({ askedAt, answeredAt, databaseAt, tookMs }: ClockReading): number | undefined {
  if (Math.abs(answeredAt - askedAt - tookMs) > MOST_OFFSET_MS / 2) return undefined;
  const ahead = askedAt - databaseAt;
  const behind = answeredAt - databaseAt;
  if (ahead > 0) return ahead;
  return behind < 0 ? behind : 0;
}

export const isTooFarOff = (offsetMs: number): boolean => Math.abs(offsetMs) > MOST_OFFSET_MS;
