import { usedAfterLearning, type UsedCounts } from './learned-quota.js';
import type { PacingDefaults } from './pacing-defaults.js';
import { intervalMs, leftBeforeSlowing, perMinute, slotsAt, slowDown, slowedRate, slower, type Rate } from './rate.js';
import { nextShanghaiMidnight, shanghaiDay, shanghaiMonth, startOfShanghaiDay } from './shanghai-day.js';

/** The rows of a lane and of its account's ledger. Null: the deployment's default, or not known. */
export interface LaneState {
  /** The rate allows no call before; ms of the epoch, with a fraction. */
  nextSlotMs: number;
  /** The same for the whole account: a pause is of one lane only. */
  accountSlotMs: number;
  ratePerMinute: number | null;
  dailyLimit: number | null;
  /** A key with limits has set the limit: it lowers what holds without it, and does not raise it. */
  isRateCap: boolean;
  isDailyCap: boolean;
  quotaDay: string | null;
  quotaUsed: number;
  blockedFor: 'rate_limit' | 'daily_quota' | 'merchant_admin' | 'token_conflict' | null;
  blockedUntil: Date | null;
  urgentBlockedUntil: Date | null;
  learnedLimit: number | null;
  learnedCalls: number | null;
  learnedSeconds: number | null;
  learnedAt: Date | null;
  quotaAskedAt: Date | null;
  spentSaidAt: Date | null;
  clearedAt: Date | null;
  slowedRate: number | null;
  slowedAt: Date | null;
  clearsMonth: string | null;
  clearsUsed: number;
}

/** How many deletions may leave a lane now. */
export interface Allowance {
  /** At most so many in all, urgent ones first. */
  total: number;
  /** At most so many of them that are not urgent. */
  normal: number;
}

/** The part of an answer of `openapi/quota/get` that is about delete calls. */
export interface QuotaAnswer {
  dailyLimit: number;
  used: number;
  remain: number;
  rate: Rate | null;
}

const RESET_GRACE_MS = 10 * 60_000;
/** A 45009 is news that is worth a question out of turn, unless one was asked just before. */
const ASK_AGAIN_AFTER_MS = 10 * 60_000;
/** For so long a 45009 counts for more than WeChat's own counters, which may say that there are calls left. */
const SPENT_HOLDS_MS = 50 * 60_000;
/** WeChat clears an account's counters so often a month, whoever asks. */
const CLEARS_A_MONTH = 10;

/**
 * One look takes no more from one lane: nothing urgent can overtake what is in the queue. The other slots are not lost.
 */
const MOST_AT_ONCE = 100;

/** @returns what rate and quota allow at this moment */
export function allowance(lane: LaneState, now: Date, defaults: PacingDefaults): Allowance {
  if (isShut(lane, now)) return { total: 0, normal: 0 };
  const { count: slots } = slotsAt(lane.nextSlotMs, currentRate(lane, now, defaults), now);
  const count = Math.min(slots, MOST_AT_ONCE);
  const { left, leftForNormal } = quota(lane, now, defaults);
  return { total: Math.min(count, left), normal: Math.min(count, leftForNormal) };
}

/** The slots of deletions that leave the lane now: the first of them, and their distance. */
export function slotting(
  lane: LaneState,
  now: Date,
  defaults: PacingDefaults,
): { firstSlotMs: number; stepMs: number } {
  const rate = currentRate(lane, now, defaults);
  return { firstSlotMs: slotsAt(lane.nextSlotMs, rate, now).firstMs, stepMs: intervalMs(rate) };
}

/** The lane after `taken` deletions left it: their slots and quota are spent before any call is made. */
export function charge(lane: LaneState, taken: number, now: Date, defaults: PacingDefaults): LaneState {
  const charged = {
    ...chargeRate(lane, taken, now, defaults),
    quotaDay: shanghaiDay(now),
    quotaUsed: usedToday(lane, now) + taken,
  };
  return { ...charged, ...blockOf(charged, now, defaults) };
}

/** The lane after slots were given to deletions whose quota is paid already. */
export function chargeRate(lane: LaneState, taken: number, now: Date, defaults: PacingDefaults): LaneState {
  if (taken === 0) return lane;
  const rate = currentRate(lane, now, defaults);
  const nextSlotMs = slotsAt(lane.nextSlotMs, rate, now).firstMs + taken * intervalMs(rate);
  return { ...lane, nextSlotMs, accountSlotMs: nextSlotMs };
}

/** @returns whether the rate allows a call now for a deletion whose quota is paid already */
export function hasSlot(lane: LaneState, now: Date, defaults: PacingDefaults): boolean {
  return (
    !isShut(lane, now) &&
    !wasSaidToBeSpent(lane, now) &&
    slotsAt(lane.nextSlotMs, currentRate(lane, now, defaults), now).count > 0
  );
}

/**
 * The lane after WeChat said that today's quota is spent, whatever we counted. In the first minutes of a day it may
 * still speak of the day before: it nowhere states when its counters start anew, and clocks differ.
 * @param leftAt when the call left that got this answer: the answer to a call from before a clear says nothing of now
 */
export function quotaSpent(lane: LaneState, now: Date, defaults: PacingDefaults, leftAt: Date = now): LaneState {
  if (lane.clearedAt !== null && leftAt < lane.clearedAt) return lane;
  if (now.getTime() - startOfShanghaiDay(now).getTime() < RESET_GRACE_MS) {
    const until = new Date(now.getTime() + RESET_GRACE_MS);
    return shut(lane, now, 'daily_quota', until);
  }
  const wasAskedJustNow =
    lane.quotaAskedAt !== null && now.getTime() - lane.quotaAskedAt.getTime() < ASK_AGAIN_AFTER_MS;
  const spent = {
    ...lane,
    quotaDay: shanghaiDay(now),
    quotaUsed: Math.max(limitOf(lane, defaults), usedToday(lane, now)),
    quotaAskedAt: wasAskedJustNow ? lane.quotaAskedAt : null,
    spentSaidAt: now,
  };
  return { ...spent, ...blockOf(spent, now, defaults) };
}

/** The lane after WeChat said how many calls a day and at what rate it allows, and how many it has counted. */
export function learn(
  lane: LaneState,
  answer: QuotaAnswer,
  { inFlight, justEnded }: Pick<UsedCounts, 'inFlight' | 'justEnded'>,
  now: Date,
  defaults: PacingDefaults,
): LaneState {
  const { dailyLimit, used, remain, rate } = answer;
  const theirs = Math.max(used, dailyLimit - remain);
  const learned = {
    ...lane,
    learnedLimit: dailyLimit,
    learnedCalls: rate?.calls ?? null,
    learnedSeconds: rate?.seconds ?? null,
    learnedAt: now,
    quotaDay: shanghaiDay(now),
    quotaUsed: usedAfterLearning({ ours: usedToday(lane, now), theirs, inFlight, justEnded, limit: dailyLimit }),
  };
  if (wasSaidToBeSpent(lane, now)) learned.quotaUsed = Math.max(learned.quotaUsed, limitOf(learned, defaults));
  return { ...learned, ...blockOf(learned, now, defaults) };
}

/**
 * The lane after WeChat said that calls come too fast: it pauses, and goes on more slowly. One overshoot brings many
 * such answers, all to calls that left before the pause: only the first counts.
 * @param leftAt when the call left that got this answer
 */
export function tooFast(
  lane: LaneState,
  leftAt: Date,
  now: Date,
  pauseMs: number,
  defaults: PacingDefaults,
): LaneState {
  if (leftBeforeSlowing(slowedOf(lane), leftAt)) return lane;
  const until = new Date(now.getTime() + pauseMs);
  const slowed = slowDown(configuredPerMinute(lane, defaults), slowedOf(lane), now, until);
  return {
    ...shut(lane, now, 'rate_limit', until),
    nextSlotMs: Math.max(lane.nextSlotMs, until.getTime()),
    accountSlotMs: Math.max(lane.accountSlotMs, until.getTime()),
    slowedRate: slowed.perMinute,
    slowedAt: slowed.since,
  };
}

/** The lane after WeChat said that an admin of the account has to confirm: every call would be turned away. */
export function waitForAdmin(lane: LaneState, now: Date, pauseMs: number): LaneState {
  return shut(lane, now, 'merchant_admin', new Date(now.getTime() + pauseMs));
}

/** The lane after a slot was bought for a call that was never made. The slot is gone, the quota is not. */
export function refund(lane: LaneState, now: Date, defaults: PacingDefaults): LaneState {
  // What WeChat says is spent does not come back by our not calling.
  if (wasSaidToBeSpent(lane, now)) return lane;
  const refunded = { ...lane, quotaDay: shanghaiDay(now), quotaUsed: Math.max(0, usedToday(lane, now) - 1) };
  return { ...refunded, ...blockOf(refunded, now, defaults) };
}

/** The lane after it was told to wait. */
export function pause(lane: LaneState, now: Date, pauseMs: number): LaneState {
  return { ...lane, nextSlotMs: Math.max(lane.nextSlotMs, now.getTime() + pauseMs) };
}

/**
 * The lane after its limits were changed, or WeChat's counters cleared: the new numbers may open what the quota shut.
 */
export function reopen(lane: LaneState, now: Date, defaults: PacingDefaults): LaneState {
  if (lane.blockedFor !== null && lane.blockedFor !== 'daily_quota') return lane;
  const open = { ...lane, blockedFor: null, blockedUntil: null, urgentBlockedUntil: null };
  return { ...open, ...blockOf(open, now, defaults) };
}

/** The lane after WeChat cleared the account's counters. Calls under way may count from the start. */
export function cleared(lane: LaneState, inFlight: number, now: Date, defaults: PacingDefaults): LaneState {
  const anew = { quotaDay: shanghaiDay(now), quotaUsed: inFlight, spentSaidAt: null, clearedAt: now };
  return reopen({ ...lane, ...anew }, now, defaults);
}

/** @returns how many of this month's clears are left, as far as we know: the merchant may have used some itself */
export function clearsLeft(lane: Pick<LaneState, 'clearsMonth' | 'clearsUsed'>, now: Date): number {
  return Math.max(0, CLEARS_A_MONTH - (lane.clearsMonth === shanghaiMonth(now) ? lane.clearsUsed : 0));
}

/** The lane after one of the month's clears was spent. @returns undefined when none is left */
export function spendClear(lane: LaneState, now: Date): LaneState | undefined {
  const left = clearsLeft(lane, now);
  return left > 0 ? { ...lane, clearsMonth: shanghaiMonth(now), clearsUsed: CLEARS_A_MONTH - left + 1 } : undefined;
}

/** The lane after a clear that was spent was not made, or WeChat said that none was left. */
export function returnClear(lane: LaneState, areNoneLeft: boolean): LaneState {
  return { ...lane, clearsUsed: areNoneLeft ? CLEARS_A_MONTH : Math.max(0, lane.clearsUsed - 1) };
}

/** Today's ledger as it stands. */
export function quota(lane: LaneState, now: Date, defaults: PacingDefaults) {
  const limit = limitOf(lane, defaults);
  const used = usedToday(lane, now);
  const left = Math.max(0, limit - used);
  // However small the limit, one call a day is for normal deletions.
  const reserve = Math.min(defaults.urgentReserve, Math.max(0, limit - 1));
  return {
    limit,
    used,
    left,
    reserve,
    leftForNormal: Math.max(0, limit - reserve - used),
    resetsAt: nextShanghaiMidnight(now),
  };
}

/** Calls per minute as configured, whatever WeChat says. */
export function configuredPerMinute(lane: LaneState, defaults: PacingDefaults): number {
  return limited(lane.ratePerMinute, lane.isRateCap, defaults.ratePerMinute);
}

/** The rate as it is now: the configured one, unless WeChat allows less or has complained lately. */
export function currentRate(lane: LaneState, now: Date, defaults: PacingDefaults): Rate {
  const configured = configuredPerMinute(lane, defaults);
  const own = perMinute(slowedRate(configured, slowedOf(lane), now) ?? configured);
  const { learnedCalls: calls, learnedSeconds: seconds } = lane;
  return slower(own, calls !== null && seconds !== null ? { calls, seconds } : null);
}

/** @returns whether WeChat's own word shuts the lane, which our counting does not overrule */
export function isShut(lane: LaneState, now: Date): boolean {
  return (
    lane.blockedUntil !== null &&
    lane.blockedUntil > now &&
    (lane.blockedFor !== 'daily_quota' || lane.blockedUntil < nextShanghaiMidnight(now))
  );
}

/** The lane after WeChat's word shut it for all deletions. A shut that lasts longer stays. */
function shut(lane: LaneState, now: Date, reason: NonNullable<LaneState['blockedFor']>, until: Date): LaneState {
  if (isShut(lane, now) && lane.blockedUntil !== null && lane.blockedUntil >= until) return lane;
  return { ...lane, blockedFor: reason, blockedUntil: until, urgentBlockedUntil: until };
}

function blockOf(lane: LaneState, now: Date, defaults: PacingDefaults): Partial<LaneState> {
  if (isShut(lane, now)) return {};
  const { left, leftForNormal, resetsAt } = quota(lane, now, defaults);
  if (leftForNormal > 0) return { blockedFor: null, blockedUntil: null, urgentBlockedUntil: null };
  return { blockedFor: 'daily_quota' as const, blockedUntil: resetsAt, urgentBlockedUntil: left > 0 ? null : resetsAt };
}

const usedToday = (lane: LaneState, now: Date) => (lane.quotaDay === shanghaiDay(now) ? lane.quotaUsed : 0);
const wasSaidToBeSpent = ({ spentSaidAt }: LaneState, now: Date) =>
  spentSaidAt !== null &&
  shanghaiDay(spentSaidAt) === shanghaiDay(now) &&
  now.getTime() - spentSaidAt.getTime() < SPENT_HOLDS_MS;
/** An operator's limit comes before WeChat's, and WeChat's before the default. */
export const limitOf = (lane: LaneState, defaults: PacingDefaults) =>
  limited(lane.dailyLimit, lane.isDailyCap, lane.learnedLimit ?? defaults.dailyLimit);
const limited = (own: number | null, isCap: boolean, without: number) =>
  own === null ? without : isCap ? Math.min(own, without) : own;
const slowedOf = (lane: LaneState) =>
  lane.slowedRate !== null && lane.slowedAt !== null ? { perMinute: lane.slowedRate, since: lane.slowedAt } : null;

/** The lane after a fresh token was refused: another system mints them too. What shuts it for longer counts on. */
export function waitForToken(lane: LaneState, now: Date, pauseMs: number): LaneState {
  const until = new Date(now.getTime() + pauseMs);
  if (lane.blockedUntil !== null && lane.blockedUntil >= until && isShut(lane, now)) return lane;
  return { ...lane, blockedFor: 'token_conflict', blockedUntil: until, urgentBlockedUntil: until };
}
