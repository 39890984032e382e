import { RetryAfter } from './errors.js';

/**
 * How long to wait before the next attempt, in ms.
 * @param attemptsMade attempts that failed so far, at least 1
 * @param random in [0, 1), for jitter
 */
export type Backoff = (attemptsMade: number, error?: unknown, random?: number) => number;

/**
 * Doubles from `fromMs` up to `toMs`, then takes off up to a quarter, so that jobs which failed together do not come
 * back together.
 */
export function exponential({ fromMs, toMs }: { fromMs: number; toMs: number }): Backoff {
  return (attemptsMade, _error, random = Math.random()) => {
    const fullMs = Math.min(toMs, fromMs * 2 ** (attemptsMade - 1));
    return Math.round(fullMs * (1 - random / 4));
  };
}

export type NextStep = { step: 'give up' } | { step: 'retry'; delayMs: number };

/**
 * The step after a failed attempt.
 * @param attempt which attempt failed, from 1
 */
export function nextStep(error: unknown, attempt: number, attempts: number, backoff: Backoff): NextStep {
  if (attempt >= attempts) return { step: 'give up' };
  const delayMs = error instanceof RetryAfter ? error.delayMs : backoff(attempt, error);
  return { step: 'retry', delayMs: Math.max(0, Math.round(delayMs)) };
}
