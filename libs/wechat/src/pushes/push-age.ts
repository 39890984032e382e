/**
 * Why a verified push is refused for its time.
 * - `too_old`, `too_new`: by its signed timestamp it is further from now than is allowed
 * - `no_time`: what is signed as its timestamp is none
 */
export type AgeRefusal = 'too_old' | 'too_new' | 'no_time';

/**
 * Judges the query's `timestamp`, which the signature covers. WeChat sends a push again within seconds; one that is
 * much older was kept by somebody, or one of the clocks is wrong.
 */
export function refuseForAge(
  timestamp: unknown,
  { now, maxAgeS }: { now: Date; maxAgeS: number },
): { reason: AgeRefusal; ageS?: number } | undefined {
  if (typeof timestamp !== 'string' || !/^\d{1,11}$/.test(timestamp)) return { reason: 'no_time' };
  const ageS = Math.floor(now.getTime() / 1000) - Number(timestamp);
  if (Math.abs(ageS) <= maxAgeS) return undefined;
  return { reason: ageS > 0 ? 'too_old' : 'too_new', ageS };
}
