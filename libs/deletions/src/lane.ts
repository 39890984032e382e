import { nextShanghaiMidnight, shanghaiDay, startOfShanghaiDay } from './shanghai-day.js';

/** What a lane's row says. Null: the deployment's default. */
export interface LaneState {
  nextSlotAt: Date;
  ratePerMinute: number | null;
  dailyLimit: number | null;
  quotaDay: string | null;
  quotaUsed: number;
  blockedFor: 'rate_limit' | 'daily_quota' | 'merchant_admin' | null;
  blockedUntil: Date | null;
  urgentBlockedUntil: Date | null;
}

export interface PacingDefaults {
  ratePerMinute: number;
  dailyLimit: number;
  /** Calls a day that only urgent deletions may use. */
  urgentReserve: number;
}

/** How many deletions may leave a lane now. */
export interface Allowance {
  /** At most this many in all, urgent first. */
  total: number;
  /** Of these, at most this many that are not urgent. */
  normal: number;
}

const RESET_GRACE_MS = 10 * 60_000;

/** The longest stretch that one look at a lane may hand out at once. */
const MAX_BURST_MS = 25;

/** What rate and quota allow at this moment. */
export function allowance(lane: LaneState, now: Date, defaults: PacingDefaults): Allowance {
  if (lane.nextSlotAt > now || isShut(lane, now)) return { total: 0, normal: 0 };
  const slots = Math.max(1, Math.floor(MAX_BURST_MS / intervalMs(lane, defaults)));
  const { left, leftForNormal } = quota(lane, now, defaults);
  return { total: Math.min(slots, left), normal: Math.min(slots, leftForNormal) };
}

/** The lane after `taken` deletions left it: their slots and quota are spent before any call is made. */
export function charge(lane: LaneState, taken: number, now: Date, defaults: PacingDefaults): LaneState {
  // Counted from now, not from the slot: a look that comes late must not let two calls go closer than the rate allows.
  const from = Math.max(lane.nextSlotAt.getTime(), now.getTime());
  const charged = {
    ...lane,
    nextSlotAt: taken > 0 ? new Date(from + taken * intervalMs(lane, defaults)) : lane.nextSlotAt,
    quotaDay: shanghaiDay(now),
    quotaUsed: usedToday(lane, now) + taken,
  };
  return { ...charged, ...blockOf(charged, now, defaults) };
}

/**
 * The lane after WeChat said that today's quota is spent, whatever we counted. In the first minutes of a day it may still
 * be speaking of the day before: when exactly its counters start anew is nowhere stated, and clocks differ.
 */
export function quotaSpent(lane: LaneState, now: Date, defaults: PacingDefaults): LaneState {
  if (now.getTime() - startOfShanghaiDay(now).getTime() < RESET_GRACE_MS) {
    const until = new Date(now.getTime() + RESET_GRACE_MS);
    return { ...lane, blockedFor: 'daily_quota', blockedUntil: until, urgentBlockedUntil: until };
  }
  const spent = {
    ...lane,
    quotaDay: shanghaiDay(now),
    quotaUsed: Math.max(limitOf(lane, defaults), usedToday(lane, now)),
  };
  return { ...spent, ...blockOf(spent, now, defaults) };
}

/** The lane after WeChat said that calls come too fast. */
export function tooFast(lane: LaneState, now: Date, pauseMs: number): LaneState {
  const until = new Date(now.getTime() + pauseMs);
  return { ...lane, nextSlotAt: until, blockedFor: 'rate_limit', blockedUntil: until, urgentBlockedUntil: until };
}

/** The lane after WeChat said that an admin of the account has to confirm: every call would be turned away. */
export function waitForAdmin(lane: LaneState, now: Date, pauseMs: number): LaneState {
  const until = new Date(now.getTime() + pauseMs);
  return { ...lane, blockedFor: 'merchant_admin', blockedUntil: until, urgentBlockedUntil: until };
}

/** The lane after a slot was bought for a call that was never made. The slot is gone, the quota is not. */
export function refund(lane: LaneState, now: Date, defaults: PacingDefaults): LaneState {
  const refunded = { ...lane, quotaDay: shanghaiDay(now), quotaUsed: Math.max(0, usedToday(lane, now) - 1) };
  return { ...refunded, ...blockOf(refunded, now, defaults) };
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

function blockOf(lane: LaneState, now: Date, defaults: PacingDefaults): Partial<LaneState> {
  if (isShut(lane, now)) return {};
  const { left, leftForNormal, resetsAt } = quota(lane, now, defaults);
  if (leftForNormal > 0) return { blockedFor: null, blockedUntil: null, urgentBlockedUntil: null };
  return { blockedFor: 'daily_quota' as const, blockedUntil: resetsAt, urgentBlockedUntil: left > 0 ? null : resetsAt };
}

/** By WeChat's own word, which our counting does not overrule. */
const isShut = (lane: LaneState, now: Date) =>
  lane.blockedUntil !== null &&
  lane.blockedUntil > now &&
  (lane.blockedFor !== 'daily_quota' || lane.blockedUntil < nextShanghaiMidnight(now));
const usedToday = (lane: LaneState, now: Date) => (lane.quotaDay === shanghaiDay(now) ? lane.quotaUsed : 0);
const limitOf = (lane: LaneState, defaults: PacingDefaults) => lane.dailyLimit ?? defaults.dailyLimit;
const intervalMs = (lane: LaneState, defaults: PacingDefaults) =>
  60_000 / (lane.ratePerMinute ?? defaults.ratePerMinute);
