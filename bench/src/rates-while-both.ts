/**
 * Ends a second of two that ran at the same time, over the time in which both were at work: without the first tenth of either, when its
 * process is cold, and the last twentieth, when it has too little to do.
 * @param one moments in seconds, ascending
 */
export function ratesWhileBoth(one: readonly number[], other: readonly number[]): [number, number] {
  const at = (moments: readonly number[], share: number) => moments[Math.floor((moments.length - 1) * share)] ?? NaN;
  const from = Math.max(at(one, 0.1), at(other, 0.1));
  const until = Math.min(at(one, 0.95), at(other, 0.95));
  if (!(until > from)) throw new Error('They did not run at the same time.');
  const rateOf = (moments: readonly number[]) =>
    moments.filter((moment) => moment > from && moment <= until).length / (until - from);
  return [rateOf(one), rateOf(other)];
}
