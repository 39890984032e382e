import { startOfShanghaiDay } from './shanghai-day.js';

const DAY_MS = 24 * 60 * 60_000;

/** How many of WeChat's days there are from now until then, both included: China has no summer time. */
export function quotaDays(now: Date, then: Date): number {
  return Math.round((startOfShanghaiDay(then).getTime() - startOfShanghaiDay(now).getTime()) / DAY_MS) + 1;
}
