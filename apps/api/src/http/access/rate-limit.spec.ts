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

  it('tells without counting who has to wait', () => {
    const limit = new RateLimit(1);
    expect(limit.waitSeconds('a', 0)).toBe(0);
    limit.take('a', 0);
    expect(limit.waitSeconds('a', 30_500)).toBe(30);
    expect(limit.waitSeconds('b', 30_500)).toBe(0);
    expect(limit.waitSeconds('a', 60_000)).toBe(0);
  });

  it('can be off', () => {
    expect(new RateLimit(0).take('a', 0)).toBeUndefined();
    expect(new RateLimit(0).waitSeconds('a', 0)).toBe(0);
  });
});
