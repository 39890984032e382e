import { shareOf } from '../tokens/refresh-ahead.js';

const DAY_MS = 24 * 3_600_000;
const JITTER_MS = 3_600_000;

interface Reconciled {
  id: string;
  createdAt: Date;
  reconciledAt: Date | null;
}

/**
 * Whether a platform's list of authorizers is to be read again: a day after the last time, or after it was registered, and
 * up to an hour more, always the same for one platform.
 */
export function isReconciliationDue({ id, createdAt, reconciledAt }: Reconciled, now: Date): boolean {
  return now.getTime() - (reconciledAt ?? createdAt).getTime() >= DAY_MS + JITTER_MS * shareOf(id);
}
