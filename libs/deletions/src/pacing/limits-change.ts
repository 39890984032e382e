import { LimitsNotYours } from '../errors.js';
import { configuredPerMinute, limitOf, type LaneState } from './lane.js';
import type { PacingDefaults } from './pacing-defaults.js';

/** Undefined leaves a limit as it is. Null removes it: WeChat's number or the default holds. */
export interface LimitsChange {
  ratePerMinute?: number | null | undefined;
  dailyLimit?: number | null | undefined;
  /** A key with limits asks, which may be in the merchant's own hands. */
  byLimitedKey?: boolean;
}

/**
 * Gives the lane other limits. A key with limits may lower the limit that holds now, and may not touch one that a key
 * without limits has set. Its limit is a cap: should WeChat's number and the default fall below it later, they hold.
 * @throws LimitsNotYours
 */
export function changeLimits(lane: LaneState, change: LimitsChange, defaults: PacingDefaults): LaneState {
  const { ratePerMinute = lane.ratePerMinute, dailyLimit = lane.dailyLimit, byLimitedKey = false } = change;
  const isRateKept = change.ratePerMinute === undefined || (byLimitedKey && ratePerMinute === lane.ratePerMinute);
  const isDailyKept = change.dailyLimit === undefined || (byLimitedKey && dailyLimit === lane.dailyLimit);
  const asked = { ...lane, ratePerMinute, dailyLimit, isRateCap: false, isDailyCap: false };
  if (byLimitedKey && !isRateKept) {
    const isTheirs = lane.ratePerMinute !== null && !lane.isRateCap;
    refuse('rate_per_minute', isTheirs, configuredPerMinute(lane, defaults), configuredPerMinute(asked, defaults));
  }
  if (byLimitedKey && !isDailyKept) {
    const isTheirs = lane.dailyLimit !== null && !lane.isDailyCap;
    refuse('daily_limit', isTheirs, limitOf(lane, defaults), limitOf(asked, defaults));
  }
  return {
    ...asked,
    isRateCap: isRateKept ? lane.isRateCap : byLimitedKey,
    isDailyCap: isDailyKept ? lane.isDailyCap : byLimitedKey,
  };
}

/** @param isTheirs a key without limits has set it */
function refuse(name: string, isTheirs: boolean, now: number, asked: number): void {
  if (isTheirs) throw new LimitsNotYours(`A key without limits has set ${name}: only such a key changes it.`);
  if (asked > now) throw new LimitsNotYours(`A key with limits may lower ${name}, which is ${now}, not raise it.`);
}
