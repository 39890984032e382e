import fc from 'fast-check';
import { exponential } from './backoff.js';

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
