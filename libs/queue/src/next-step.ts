import type { Backoff } from './backoff.js';
import { GiveUp, RetryAfter } from './errors.js';

export type NextStep = { step: 'give up' } | { step: 'retry'; delayMs: number };

/**
 * What follows a failed attempt.
 * @param attempt which attempt failed, from 1
 */
export function nextStep(error: unknown, attempt: number, attempts: number, backoff: Backoff): NextStep {
  if (error instanceof GiveUp || attempt >= attempts) return { step: 'give up' };
  const delayMs = error instanceof RetryAfter ? error.delayMs : backoff(attempt, error);
  return { step: 'retry', delayMs: Math.max(0, Math.round(delayMs)) };
}
