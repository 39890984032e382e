import { currentRate, isShut, quota, type LaneState } from './lane.js';
import type { PacingDefaults } from './pacing-defaults.js';
import { intervalMs } from './rate.js';
import { nextShanghaiMidnight } from './shanghai-day.js';

const DAY_MS = 24 * 60 * 60_000;

/**
 * Foretells when a deletion leaves its lane if nothing changes: no more urgent ones come, the rate stays, and nobody
 * else uses the quota. The estimate is rather too late: it leaves the reserve unused that urgent ones ahead may use.
 * @param ahead the number of deletions of the same lane that go before it
 * @param readyAt it leaves no sooner, for example because of its schedule or its platform's hold
 * @returns null when it will not leave, because the limit is 0
 */
export function eta(
  lane: LaneState,
  ahead: number,
  now: Date,
  defaults: PacingDefaults,
  isUrgent: boolean,
  readyAt: Date = now,
): Date | null {
  const step = intervalMs(currentRate(lane, now, defaults));
  const today = quota(lane, now, defaults);
  const daily = isUrgent ? today.limit : today.limit - today.reserve;
  if (daily <= 0) return null;

  const opensAt = isShut(lane, now) ? (lane.blockedUntil ?? now) : now;
  const start = Math.max(opensAt.getTime(), lane.nextSlotMs);
  const left = start >= today.resetsAt.getTime() ? daily : isUrgent ? today.left : today.leftForNormal;
  const firstDayEnd = nextShanghaiMidnight(new Date(start)).getTime();
  const onFirstDay = Math.min(left, slotsBefore(start, firstDayEnd, step));
  if (ahead < onFirstDay) return later(start + ahead * step, readyAt);

  const nextDay = Math.max(firstDayEnd, onFirstDay > 0 ? start + onFirstDay * step : start);
  const rest = ahead - onFirstDay;
  // The rate lets less than the quota out in a day, so the days do not matter.
  if (daily * step >= DAY_MS) return later(nextDay + rest * step, readyAt);
  const days = Math.floor(rest / daily);
  const dayStart = days === 0 ? nextDay : firstDayEnd + days * DAY_MS;
  return later(dayStart + (rest % daily) * step, readyAt);
}

/** Counts the slots in [from, until), the first at `from`. */
const slotsBefore = (from: number, until: number, step: number) => Math.max(0, Math.ceil((until - from) / step));

const later = (ms: number, readyAt: Date) => new Date(Math.max(Math.ceil(ms), readyAt.getTime()));
