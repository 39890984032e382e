import { atLeast, atMost, median, percentile, short, told } from './figures.js';

describe('figures', () => {
  it('take the middle of the rounds, between two where they are even', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it('have percentiles between the nearest values', () => {
    const values = Array.from({ length: 101 }, (_none, index) => index);
    expect(percentile(values, 0.99)).toBe(99);
    expect(percentile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(() => percentile([], 0.5)).toThrow('nothing');
  });

  it.each([
    [1234.5, '1,235'],
    [123.45, '123'],
    [12.345, '12.3'],
    [1.2345, '1.23'],
    [0.12345, '0.123'],
    [0, '0'],
  ])('write %p as %p', (value, text) => {
    expect(short(value)).toBe(text);
  });

  it('pass at the target and are short beyond it', () => {
    const compared = { what: 'rate', unit: '/s', baseline: [10, 10, 10] };
    expect(atLeast(0.8, { ...compared, ours: [1, 8, 100] })).toMatchObject({ ratio: 0.8, verdict: 'pass' });
    expect(atLeast(0.8, { ...compared, ours: [7.9] })).toMatchObject({ verdict: 'short', target: '≥ 0.8×' });
    expect(atMost(1.5, { ...compared, ours: [15] })).toMatchObject({ verdict: 'pass', ours: '15 /s' });
    expect(atMost(1.5, { ...compared, ours: [16] })).toMatchObject({ verdict: 'short' });
  });

  it('compare round by round what ran at once', () => {
    const compared = { what: 'rate', unit: '/s', ours: [10, 50, 90], baseline: [10, 100, 40] };
    expect(told(compared).ratio).toBe(50 / 40);
    expect(told({ ...compared, areAtOnce: true })).toMatchObject({ ratio: 1, ours: '50 /s', baseline: '40 /s' });
  });
});
