import { RateLimit } from './rate-limit.js';

describe('the rate limit', () => {
  it('gives each key its requests a minute, and all of them again when the minute is over', () => {
    const limit = new RateLimit(2);
    expect(limit.take('a', 1_000)).toEqual({ limit: 2, remaining: 1, resetSeconds: 60, isExceeded: false });
    expect(limit.take('a', 31_500)).toEqual({ limit: 2, remaining: 0, resetSeconds: 30, isExceeded: false });
    expect(limit.take('a', 60_999)).toEqual({ limit: 2, remaining: 0, resetSeconds: 1, isExceeded: true });
    expect(limit.take('b', 60_999)).toMatchObject({ remaining: 1, isExceeded: false });
    expect(limit.take('a', 61_000)).toEqual({ limit: 2, remaining: 1, resetSeconds: 60, isExceeded: false });
  });

  it('can be off', () => {
    expect(new RateLimit(0).take('a', 0)).toBeUndefined();
  });
});
