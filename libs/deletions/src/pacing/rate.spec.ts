import fc from 'fast-check';
import {
  intervalMs,
  perMinute,
  SLOT_LIFE_MS,
  slotsAt,
  slowDown,
  slowedRate,
  slower,
  leftBeforeSlowing,
} from './rate.js';

const noon = new Date('2026-11-22T04:00:00Z');
const later = (ms: number) => new Date(noon.getTime() + ms);
const MINUTE = 60_000;

describe('slots', () => {
  const rates = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 60_000 }));
  const pauses = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 60 });

  /** What looks at these moments hand out. */
  function handOut(rate: number, looks: number[]): { slot: number; at: number }[] {
    const handed: { slot: number; at: number }[] = [];
    let next = 0;
    for (const at of looks) {
      const { firstMs, count } = slotsAt(next, perMinute(rate), later(at));
      for (let i = 0; i < count; i++) handed.push({ slot: firstMs + i * intervalMs(perMinute(rate)), at });
      if (count > 0) next = firstMs + count * intervalMs(perMinute(rate));
    }
    return handed.map(({ slot, at }) => ({ slot: slot - noon.getTime(), at }));
  }
  const momentsOf = (gaps: number[]) => gaps.map((_, i) => gaps.slice(0, i + 1).reduce((sum, gap) => sum + gap, 0));

  it('are an interval or more apart, and none comes before its time, whenever one looks', () => {
    fc.assert(
      fc.property(rates, pauses, (rate, gaps) => {
        const handed = handOut(rate, momentsOf(gaps));
        for (const [i, { slot, at }] of handed.entries()) {
          expect(slot).toBeLessThanOrEqual(at);
          const before = handed[i - 1];
          if (before) expect(slot - before.slot).toBeGreaterThan(intervalMs(perMinute(rate)) - 0.01);
        }
      }),
    );
  });

  it('keep the rate in every minute, however late each call is within the life of its slot', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.double({ min: 0, max: SLOT_LIFE_MS + 249, noNaN: true }), { minLength: 400, maxLength: 900 }),
        (rate, delays) => {
          const interval = intervalMs(perMinute(rate));
          const calls = delays.map((late, i) => i * interval + late).sort((a, b) => a - b);
          for (let i = 0; i + rate < calls.length; i++) {
            expect((calls[i + rate] ?? 0) - (calls[i] ?? 0)).toBeGreaterThanOrEqual(MINUTE);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([1, 7, 60, 600, 6_000, 60_000])('use 95 %% and more of %i a minute while there is work', (rate) => {
    const looks = Array.from({ length: 60 * 60 * 20 }, (_, i) => i * 47 + (i % 7) * 11);
    const handed = handOut(rate, looks);
    const minutes = (looks.at(-1) ?? 0) / MINUTE;
    expect(handed.length).toBeGreaterThanOrEqual(Math.floor(0.95 * rate * minutes));
  });

  it('do not pile up while a lane is idle', () => {
    const hour = 60 * MINUTE;
    expect(slotsAt(noon.getTime() - hour, perMinute(60_000), noon)).toEqual({ firstMs: noon.getTime(), count: 1 });
  });

  it('are caught up with when a look was late, but not beyond a quarter of a second', () => {
    expect(slotsAt(noon.getTime() - 200, perMinute(60_000), noon).count).toBe(Math.floor(200 / 1.020_833) + 1);
    expect(slotsAt(noon.getTime() - 1_900, perMinute(60_000), noon).count).toBe(Math.floor(250 / 1.020_833) + 1);
  });
});

describe('the slower of two rates', () => {
  it.each([
    [perMinute(60), null, perMinute(60)],
    [perMinute(60), { calls: 5600, seconds: 60 }, perMinute(60)],
    [perMinute(60), { calls: 10, seconds: 60 }, { calls: 10, seconds: 60 }],
    [perMinute(60), { calls: 10, seconds: 3600 }, { calls: 10, seconds: 3600 }],
  ])('of %j and %j is %j', (a, b, expected) => {
    expect(slower(a, b)).toEqual(expected);
  });
});

describe('a rate that WeChat found too fast', () => {
  it('is halved, again and again, down to a tenth, and one a minute', () => {
    const first = slowDown(60, null, noon, later(MINUTE));
    expect(first).toEqual({ perMinute: 30, since: later(MINUTE) });
    expect(slowDown(60, first, later(MINUTE), later(2 * MINUTE)).perMinute).toBe(15);
    expect(slowDown(60, { perMinute: 7, since: noon }, noon, noon).perMinute).toBe(6);
    expect(slowDown(3_000, { perMinute: 300, since: noon }, noon, noon).perMinute).toBe(300);
    expect(slowDown(5, { perMinute: 1.5, since: noon }, noon, noon).perMinute).toBe(1);
    expect(slowDown(1, null, noon, noon).perMinute).toBe(1);
  });

  it('recovers by a tenth of the configured rate with every clean five minutes', () => {
    const slowed = { perMinute: 30, since: noon };
    expect(slowedRate(60, slowed, later(-MINUTE))).toBe(30);
    expect(slowedRate(60, slowed, later(5 * MINUTE - 1))).toBe(30);
    expect(slowedRate(60, slowed, later(5 * MINUTE))).toBe(36);
    expect(slowedRate(60, slowed, later(24 * MINUTE))).toBe(54);
    expect(slowedRate(60, slowed, later(25 * MINUTE))).toBeNull();
  });

  it('counts from what it has recovered to when it is halved again', () => {
    expect(slowDown(60, { perMinute: 30, since: noon }, later(10 * MINUTE), later(11 * MINUTE)).perMinute).toBe(21);
    expect(slowDown(60, { perMinute: 30, since: noon }, later(99 * MINUTE), later(99 * MINUTE)).perMinute).toBe(30);
  });

  it.each([1, 5, 10, 60, 3_000, 60_000])(
    'of %i a minute is whole again within 50 minutes of the last complaint',
    (rate) => {
      let slowed = slowDown(rate, null, noon, noon);
      for (let i = 0; i < 100; i++) slowed = slowDown(rate, slowed, noon, noon);
      expect(slowed.perMinute).toBeGreaterThanOrEqual(rate / 10);
      expect(slowedRate(rate, slowed, later(50 * MINUTE))).toBeNull();
    },
  );

  it('is not slowed by what left before it was slowed', () => {
    const slowed = { perMinute: 30, since: noon };
    expect(leftBeforeSlowing(slowed, later(-1))).toBe(true);
    expect(leftBeforeSlowing(slowed, noon)).toBe(false);
    expect(leftBeforeSlowing(null, later(-1))).toBe(false);
  });

  it('is no more than a configured rate that was lowered meanwhile', () => {
    expect(slowedRate(20, { perMinute: 30, since: noon }, noon)).toBeNull();
    expect(slowedRate(60, null, noon)).toBeNull();
  });
});
