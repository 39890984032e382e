import { LEAST_CAPACITY, MOST_CAPACITY, nextCapacity, untilWorthALookMs } from './queue-room.js';

describe('the capacity of the queue', () => {
  it.each([
    ['grows by a quarter when workers emptied a full queue', 100, { handedOut: 100, waiting: 0, elapsedMs: 500 }, 125],
    ['grows when they emptied one that was half full', 100, { handedOut: 50, waiting: 0, elapsedMs: 500 }, 125],
    ['is what workers take in 400 ms', 200, { handedOut: 100, waiting: 40, elapsedMs: 100 }, 240],
    ['grows by a quarter at most', 100, { handedOut: 100, waiting: 40, elapsedMs: 100 }, 125],
    ['stays when little was handed out', 100, { handedOut: 10, waiting: 0, elapsedMs: 100 }, 100],
    ['stays when half is left', 100, { handedOut: 100, waiting: 50, elapsedMs: 500 }, 100],
    [
      'shrinks by a quarter at most when more than half is left',
      200,
      { handedOut: 200, waiting: 190, elapsedMs: 500 },
      150,
    ],
    ['shrinks to what workers take', 200, { handedOut: 200, waiting: 155, elapsedMs: 100 }, 180],
    ['is never less than one process takes', 50, { handedOut: 50, waiting: 50, elapsedMs: 25 }, LEAST_CAPACITY],
    ['is never more than is soon gone', 1_000, { handedOut: 1_000, waiting: 0, elapsedMs: 25 }, MOST_CAPACITY],
    ['knows looks that follow at once', 100, { handedOut: 100, waiting: 60, elapsedMs: 0 }, 125],
  ])('%s', (_what, capacity, seen, next) => {
    expect(nextCapacity(capacity, seen)).toBe(next);
  });

  it('is filled up when a third of it is free', () => {
    expect([0, 66, 80, 100].map((waiting) => Math.round(untilWorthALookMs(100, waiting)))).toEqual([0, 0, 53, 75]);
  });
});
