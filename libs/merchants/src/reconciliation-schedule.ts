import { shareOf } from './refresh-ahead.js';

const DAY_MS = 24 * 3_600_000;
const JITTER_MS = 3_600_000;

/** Whether a platform's list of authorizers is to be read again: a day after the last time, and up to an hour more. */
export function isReconciliationDue(platform: { id: string; reconciledAt: Date | null }, now: Date): boolean {
  const { id, reconciledAt } = platform;
  if (!reconciledAt) return true;
  return now.getTime() - reconciledAt.getTime() >= DAY_MS + JITTER_MS * shareOf(id);
}
