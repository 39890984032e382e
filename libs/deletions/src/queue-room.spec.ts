import { LEAST_CAPACITY, MOST_CAPACITY, nextCapacity } from './queue-room.js';

describe('the capacity of the queue', () => {
  it.each([
    ['doubles when workers emptied a full queue', 100, 100, 0, 200],
    ['doubles when they emptied one that was half full', 100, 50, 0, 200],
    ['stays when little was handed out', 100, 10, 0, 100],
    ['stays when some is left', 100, 100, 50, 100],
    ['halves when more than half is left', 100, 100, 51, 50],
    ['is never less than one process takes', LEAST_CAPACITY, 50, 50, LEAST_CAPACITY],
    ['is never more than is soon gone', MOST_CAPACITY, 1_000, 0, MOST_CAPACITY],
  ])('%s', (_what, capacity, handedOut, waiting, next) => {
    expect(nextCapacity(capacity, handedOut, waiting)).toBe(next);
  });
});
