import { quotaDays } from './shanghai-day.js';

describe('the days of quota until a moment', () => {
  it.each([
    ['2026-11-23T10:00:00+08:00', '2026-11-23T10:00:00+08:00', 1],
    ['2026-11-23T00:00:00+08:00', '2026-11-23T23:59:59+08:00', 1],
    ['2026-11-23T23:59:59+08:00', '2026-11-24T00:00:00+08:00', 2],
    ['2026-11-23T17:00:00Z', '2026-11-25T16:00:00Z', 3],
    ['2026-12-31T12:00:00+08:00', '2027-01-31T12:00:00+08:00', 32],
  ])('from %s to %s are %i', (now, then, days) => {
    expect(quotaDays(new Date(now), new Date(then))).toBe(days);
  });
});
