// China keeps UTC+8 all year (no daylight saving since 1991), so plain arithmetic is right.
const OFFSET_MS = 8 * 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** WeChat's quota day at a moment, YYYY-MM-DD: the calendar day in Asia/Shanghai. */
export function shanghaiDay(now: Date): string {
  return new Date(now.getTime() + OFFSET_MS).toISOString().slice(0, 10);
}

/** The last 00:00 in Asia/Shanghai. */
export function startOfShanghaiDay(now: Date): Date {
  return new Date(nextShanghaiMidnight(now).getTime() - DAY_MS);
}

/** The next 00:00 in Asia/Shanghai, when WeChat's daily counters are taken to start anew. */
export function nextShanghaiMidnight(now: Date): Date {
  const local = now.getTime() + OFFSET_MS;
  return new Date(local - (local % DAY_MS) + DAY_MS - OFFSET_MS);
}

/** The Asia/Shanghai calendar month of a moment, YYYY-MM. */
export function shanghaiMonth(now: Date): string {
  return shanghaiDay(now).slice(0, 7);
}

/** How many of WeChat's quota days lie between two moments, both days included. */
export function quotaDays(now: Date, then: Date): number {
  return Math.round((startOfShanghaiDay(then).getTime() - startOfShanghaiDay(now).getTime()) / DAY_MS) + 1;
}
