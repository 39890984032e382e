/** So many early voids show that another system mints: one may be an accident. */
const OFTEN = 3;
const WITHIN_MS = 3_600_000;

export interface EarlyVoids {
  /** When tokens of an account were void before their time, oldest first. */
  voids: Date[];
  toldAt: Date | null;
}

/** Counts one more token that was void before its time, after WeChat took the next one. */
export function afterEarlyVoid(
  { voids, toldAt }: EarlyVoids,
  voidAt: Date,
  now: Date,
): { voids: Date[]; since: Date | null; isToBeTold: boolean } {
  const last = [...voids, voidAt].slice(-OFTEN);
  const since = mintedElsewhereSince(last, now);
  const isToldLately = toldAt !== null && now.getTime() - toldAt.getTime() < WITHIN_MS;
  return { voids: last, since, isToBeTold: since !== null && !isToldLately };
}

/**
 * @returns since when another system has shown that it mints for the account; null if it has not within the last hour
 */
export function mintedElsewhereSince(voids: Date[], now: Date): Date | null {
  const first = voids.at(-OFTEN);
  return first && now.getTime() - first.getTime() <= WITHIN_MS ? first : null;
}
