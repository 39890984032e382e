/** At most so many calls in any stretch of so many seconds. */
export interface Rate {
  calls: number;
  seconds: number;
}

export const perMinute = (calls: number): Rate => ({ calls, seconds: 60 });

/** How late a call may leave after its slot. An older slot must not be used: its deletion buys a new one. */
export const SLOT_LIFE_MS = 1_000;

/**
 * How late a call may come to WeChat after its slot: the life of the slot, and the way. WeChat counts calls, not slots,
 * so slots lie far enough apart that calls keep the rate even if they are late by anything up to this.
 */
const MAX_LATENESS_MS = SLOT_LIFE_MS + 250;

/** A late look may hand out the slots of so much time before it, so that none is lost. */
const CATCH_UP_MS = 250;

/** The life of a slot that is taken the moment it is asked for: it may lie so far back already. */
export const FRESH_SLOT_MS = SLOT_LIFE_MS - CATCH_UP_MS;

/** A lane that was idle for so long has nothing to catch up with: it must not begin with a burst. */
const IDLE_MS = 2_000;

/**
 * The distance of slots, at which calls keep the rate in every window of w ms. A call comes at its slot plus d, where
 * 0 ≤ d ≤ m. Two calls in one window come less than w apart, so their slots lie less than w + m apart. At a distance of
 * (w + m) / calls that is fewer than `calls` distances, hence at most `calls` slots. The price is m / (w + m): 2 % of a
 * rate by the minute.
 */
export function intervalMs({ calls, seconds }: Rate): number {
  return (seconds * 1_000 + MAX_LATENESS_MS) / calls;
}

/** The slower of two rates; either may be unknown. */
export function slower(a: Rate, b: Rate | null): Rate {
  return b !== null && intervalMs(b) > intervalMs(a) ? b : a;
}

/** The slots that may be handed out at one moment: `count` of them, an interval apart, from `firstMs` on. */
export interface Slots {
  /** In ms of the epoch, with a fraction: at a thousand slots a second, rounding to whole ms would waste some. */
  firstMs: number;
  count: number;
}

/** @returns the free slots up to now. Each lies an interval or more after the one before it, whenever one looks. */
export function slotsAt(nextSlotMs: number, rate: Rate, now: Date): Slots {
  const nowMs = now.getTime();
  const isIdle = nowMs - nextSlotMs > IDLE_MS;
  const firstMs = isIdle ? nowMs : Math.max(nextSlotMs, nowMs - CATCH_UP_MS);
  return { firstMs, count: Math.max(0, Math.floor((nowMs - firstMs) / intervalMs(rate)) + 1) };
}

/** A rate that WeChat's last 45011 has lowered, and that recovers with time. */
export interface Slowed {
  perMinute: number;
  since: Date;
}

const RECOVERY_EVERY_MS = 5 * 60_000;
const RECOVERY_SHARE = 0.1;

/**
 * The lowest rate: as much as the first clean five minutes bring back, and one call a minute at least. A lower one
 * would only put a merchant aside without telling us more.
 */
const floorOf = (configuredPerMinute: number) => Math.max(1, RECOVERY_SHARE * configuredPerMinute);

/** Halves the present rate, but not below its floor. @param since when calls begin again */
export function slowDown(configuredPerMinute: number, slowed: Slowed | null, now: Date, since: Date): Slowed {
  const current = slowedRate(configuredPerMinute, slowed, now) ?? configuredPerMinute;
  return { perMinute: Math.max(floorOf(configuredPerMinute), current / 2), since };
}

/** @returns whether the call left before the rate was lowered, so that its 45011 says nothing new */
export function leftBeforeSlowing(slowed: Slowed | null, leftAt: Date): boolean {
  return slowed !== null && leftAt < slowed.since;
}

/**
 * A tenth of the configured rate comes back with every five minutes in which WeChat did not complain.
 * @returns null once the configured rate is reached
 */
export function slowedRate(configuredPerMinute: number, slowed: Slowed | null, now: Date): number | null {
  if (slowed === null) return null;
  const steps = Math.max(0, Math.floor((now.getTime() - slowed.since.getTime()) / RECOVERY_EVERY_MS));
  const recovered = slowed.perMinute + steps * RECOVERY_SHARE * configuredPerMinute;
  return recovered < configuredPerMinute ? recovered : null;
}
