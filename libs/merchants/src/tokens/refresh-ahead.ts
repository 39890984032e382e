/** Longer than the five minutes before its end at which a token is put away: nobody has to wait for the new one. */
const MARGIN_MS = 10 * 60_000;
const JITTER_MS = 5 * 60_000;

/** The most that `refreshAheadMs` may say. */
export const MAX_REFRESH_AHEAD_MS = MARGIN_MS + JITTER_MS;

/**
 * How long before its end a merchant's token is renewed while work waits for it: 10 to 15 minutes, always the same for
 * one merchant, so that merchants who authorized together do not all mint at once.
 * @param merchantId a UUIDv7, whose last digits are random
 */
export function refreshAheadMs(merchantId: string): number {
  return MARGIN_MS + Math.floor(JITTER_MS * shareOf(merchantId));
}

/** A number in [0, 1) that is always the same for an id. */
export const shareOf = (id: string): number => Number.parseInt(id.slice(-6), 16) / 0x1000000;
