import fc from 'fast-check';
import { exponential, nextStep } from './backoff.js';
import { RetryAfter } from './errors.js';

const backoff = exponential({ fromMs: 1_000, toMs: 60_000 });

describe('exponential backoff', () => {
  it('doubles from its start up to its cap', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((attempt) => backoff(attempt, undefined, 0));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('takes off at most a quarter at random', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const fullMs = backoff(attempt, undefined, 0);
          const waitMs = backoff(attempt, undefined, random);
          expect(waitMs).toBeLessThanOrEqual(fullMs);
          expect(waitMs).toBeGreaterThanOrEqual(fullMs * 0.75);
        },
      ),
    );
  });

  it('finds its own randomness', () => {
    const waits = new Set(Array.from({ length: 50 }, () => backoff(7)));
    expect(waits.size).toBeGreaterThan(1);
  });
});

const hundreds = (attemptsMade: number) => attemptsMade * 100;
const retry = (delayMs: number) => ({ step: 'retry', delayMs });
const giveUp = { step: 'give up' };

describe('the step after a failed attempt', () => {
  it.each([
    ['an error, attempts remain', new Error('unexpected'), 1, retry(100)],
    ['a later error, attempts remain', new Error('unexpected'), 5, retry(500)],
    ['an error on the last attempt', new Error('unexpected'), 6, giveUp],
    ['an error beyond the last attempt', new Error('unexpected'), 7, giveUp],
    ['something thrown that is no error', 'unexpected', 2, retry(200)],
    ['the handler asks for a time', new RetryAfter(77), 1, retry(77)],
    ['the handler asks for a fraction of time', new RetryAfter(0.4), 1, retry(0)],
    ['the handler asks for a time that has passed', new RetryAfter(-5), 1, retry(0)],
    ['the handler asks for a time on the last attempt', new RetryAfter(77), 6, giveUp],
  ])('%s', (_case, error, attempt, expected) => {
    expect(nextStep(error, attempt, 6, hundreds)).toEqual(expected);
  });
});
