import { LimitsNotYours } from '../errors.js';
import { configuredPerMinute, limitOf, type LaneState } from './lane.js';
import type { PacingDefaults } from './pacing-defaults.js';

/** Undefined: as it was. Null: as it would be without a limit of ours. */
export interface LimitsChange {
  ratePerMinute?: number | null | undefined;
  dailyLimit?: number | null | undefined;
  /** Asked for with a key that has limits, which may be in the merchant's own hands. */
  byLimitedKey?: boolean;
}

/**
 * The lane with other limits. A key with limits lowers what holds now, and leaves alone what a key without limits has set. What it
 * sets never counts for more than WeChat's number and the default, should these fall later.
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
