import fc from 'fast-check';
import { usedAfterLearning } from './learned-quota.js';

describe('the calls of today after WeChat told its count', () => {
  it.each([
    ['both agree', { ours: 5, theirs: 5, inFlight: 0, limit: 10 }, 5],
    ['nothing was done yet', { ours: 0, theirs: 0, inFlight: 0, limit: 10 }, 0],
    ['others delete too', { ours: 2, theirs: 7, inFlight: 0, limit: 10 }, 7],
    ['others delete too, and ours are under way', { ours: 2, theirs: 7, inFlight: 2, limit: 10 }, 9],
    ['ours are under way', { ours: 5, theirs: 3, inFlight: 2, limit: 10 }, 5],
    ['the counter is inaccurate by one', { ours: 5, theirs: 4, inFlight: 0, limit: 10 }, 5],
    ['the counter is inaccurate by one in a hundred', { ours: 500, theirs: 490, inFlight: 0, limit: 1000 }, 500],
    ['the counters were cleared', { ours: 10, theirs: 0, inFlight: 0, limit: 10 }, 1],
    ['the counters were cleared, and ours are under way', { ours: 10, theirs: 0, inFlight: 3, limit: 10 }, 4],
    ['we counted too much', { ours: 800, theirs: 700, inFlight: 20, limit: 1000 }, 730],
    ['ours ended while WeChat was asked', { ours: 8, theirs: 5, inFlight: 0, justEnded: 3, limit: 10 }, 8],
    ['WeChat counted beyond its limit', { ours: 10, theirs: 12, inFlight: 0, limit: 10 }, 12],
    ['the limit is 0', { ours: 0, theirs: 0, inFlight: 0, limit: 0 }, 0],
  ])('when %s', (_, counts, expected) => {
    expect(usedAfterLearning({ justEnded: 0, ...counts })).toBe(expected);
  });

  it('is never less than what WeChat counted, nor more than both counts with what is under way', () => {
    const count = fc.integer({ min: 0, max: 2_000 });
    fc.assert(
      fc.property(count, count, count, count, count, (ours, theirs, inFlight, justEnded, limit) => {
        const used = usedAfterLearning({ ours, theirs, inFlight, justEnded, limit });
        expect(used).toBeGreaterThanOrEqual(theirs);
        expect(used).toBeLessThanOrEqual(Math.max(ours, theirs + inFlight));
      }),
    );
  });
});
