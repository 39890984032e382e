import type { LaneState } from './lane.js';

/** A lane that was never used, with the deployment's limits. */
export const idle: LaneState = {
  nextSlotMs: 0,
  accountSlotMs: 0,
  ratePerMinute: null,
  dailyLimit: null,
  isRateCap: false,
  isDailyCap: false,
  quotaDay: null,
  quotaUsed: 0,
  blockedFor: null,
  blockedUntil: null,
  urgentBlockedUntil: null,
  learnedLimit: null,
  learnedCalls: null,
  learnedSeconds: null,
  learnedAt: null,
  quotaAskedAt: null,
  spentSaidAt: null,
  clearedAt: null,
  slowedRate: null,
  slowedAt: null,
  clearsMonth: null,
  clearsUsed: 0,
};
