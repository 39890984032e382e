import { pauseAfter } from './open-streams.js';

describe('the pause between two looks of a stream', () => {
  it.each([
    ['has all', 5, false, 20, 1_000],
    ['has all, which took long', 400, false, 20, 4_000],
    ['is behind', 400, true, 1, 400],
    ['is behind, as others of its key may be', 400, true, 20, 8_000],
  ])('of one that %s', (_what, tookMs, isBehind, open, pauseMs) => {
    expect(pauseAfter(tookMs, isBehind, open)).toBe(pauseMs);
  });
});
