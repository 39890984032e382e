import { ratesWhileBoth } from './rates-while-both.js';

/** So many a second, for so many seconds. */
const ends = (rate: number, seconds: number, from = 0) =>
  Array.from({ length: rate * seconds + 1 }, (_one, i) => from + i / rate);

describe('rates of two that ran at the same time', () => {
  it.each([
    ['at one speed', ends(100, 10), ends(100, 10), [100, 100]],
    ['of which one is done first', ends(200, 10), ends(100, 20), [200, 100]],
    ['of which one begins later', ends(50, 20), ends(100, 20, 5), [50, 100]],
    [
      'of which one goes on alone, and faster',
      ends(100, 10),
      [...ends(50, 10), ...ends(500, 2, 10).slice(1)],
      [100, 50],
    ],
  ])('%s', (_what, one, other, rates) => {
    const [mine, others] = ratesWhileBoth(one, other);
    expect(mine).toBeCloseTo(rates[0] ?? NaN, 0);
    expect(others).toBeCloseTo(rates[1] ?? NaN, 0);
  });

  it('are none where one was over before the other began', () => {
    expect(() => ratesWhileBoth(ends(100, 10), ends(100, 10, 60))).toThrow('not run at the same time');
  });
});
