import type { RetrySchedule } from './after-attempt.js';

export const WEBHOOKS_OPTIONS = Symbol('WebhooksOptions');

export interface WebhooksOptions {
  /**
   * Also send to addresses of the own network. Whoever may make endpoints could then reach everything that we reach.
   */
  allowPrivate: boolean;
  /** Instead of the job catalogue's, which must allow as many attempts. */
  schedule?: RetrySchedule;
  /** The time for connection and answer together; 10 s unless told otherwise. */
  timeoutMs?: number;
}
