import fc from 'fast-check';
import { allowance, charge, quota, quotaSpent, refund, tooFast, type LaneState } from './lane.js';
import { nextShanghaiMidnight, shanghaiDay } from './shanghai-day.js';

const defaults = { ratePerMinute: 60, dailyLimit: 10, urgentReserve: 2 };
const noon = new Date('2026-11-22T04:00:00Z');
const midnight = new Date('2026-11-22T16:00:00Z');
const later = (ms: number) => new Date(noon.getTime() + ms);

const idle: LaneState = {
  nextSlotAt: new Date(0),
  ratePerMinute: null,
  dailyLimit: null,
  quotaDay: null,
  quotaUsed: 0,
  blockedFor: null,
  blockedUntil: null,
  urgentBlockedUntil: null,
};

describe('the Shanghai day', () => {
  it.each([
    ['2026-11-22T15:59:59.999Z', '2026-11-22', '2026-11-22T16:00:00.000Z'],
    ['2026-11-22T16:00:00.000Z', '2026-11-23', '2026-11-23T16:00:00.000Z'],
    ['2026-12-31T17:00:00.000Z', '2027-01-01', '2027-01-01T16:00:00.000Z'],
  ])('of %s is %s and ends at %s', (moment, day, end) => {
    expect(shanghaiDay(new Date(moment))).toBe(day);
    expect(nextShanghaiMidnight(new Date(moment)).toISOString()).toBe(end);
  });
});

describe('a lane', () => {
  it('lets one deletion go at 60 a minute, and the next a second later', () => {
    expect(allowance(idle, noon, defaults)).toEqual({ total: 1, normal: 1 });
    const after = charge(idle, 1, noon, defaults);
    expect(allowance(after, later(999), defaults).total).toBe(0);
    expect(allowance(after, later(1000), defaults).total).toBe(1);
  });

  it('lets several go in one look when its rate is high', () => {
    const fast = { ...idle, ratePerMinute: 24_000, dailyLimit: 1_000_000 };
    expect(allowance(fast, noon, defaults)).toEqual({ total: 10, normal: 10 });
  });

  it('keeps the reserve for urgent deletions', () => {
    const lane = { ...idle, quotaDay: '2026-11-22', quotaUsed: 7 };
    expect(allowance(lane, noon, defaults)).toEqual({ total: 1, normal: 1 });
    const atReserve = charge(lane, 1, noon, defaults);
    expect(allowance(atReserve, later(2000), defaults)).toEqual({ total: 1, normal: 0 });
    expect(atReserve).toMatchObject({ blockedFor: 'daily_quota', blockedUntil: midnight, urgentBlockedUntil: null });
  });

  it('is shut for all when the quota is spent, until midnight in Shanghai', () => {
    const spent = charge({ ...idle, quotaDay: '2026-11-22', quotaUsed: 9 }, 1, noon, defaults);
    expect(allowance(spent, later(5000), defaults)).toEqual({ total: 0, normal: 0 });
    expect(spent).toMatchObject({ blockedFor: 'daily_quota', blockedUntil: midnight, urgentBlockedUntil: midnight });
    expect(allowance(spent, midnight, defaults)).toEqual({ total: 1, normal: 1 });
  });

  it('leaves one call a day for normal deletions however small the limit', () => {
    expect(allowance({ ...idle, dailyLimit: 1 }, noon, defaults)).toEqual({ total: 1, normal: 1 });
    expect(allowance({ ...idle, dailyLimit: 0 }, noon, defaults)).toEqual({ total: 0, normal: 0 });
  });

  it('believes WeChat when it says that the quota is spent', () => {
    const spent = quotaSpent(charge(idle, 1, noon, defaults), noon, defaults);
    expect(quota(spent, noon, defaults)).toMatchObject({ used: 10, left: 0 });
    expect(spent.urgentBlockedUntil).toEqual(midnight);
  });

  it('waits some minutes when WeChat says so just after midnight, for it may mean the day before', () => {
    const justAfter = new Date(midnight.getTime() + 150);
    const shut = quotaSpent(charge(idle, 1, justAfter, defaults), justAfter, defaults);
    expect(allowance(shut, new Date(midnight.getTime() + 9 * 60_000), defaults)).toEqual({ total: 0, normal: 0 });
    expect(charge(shut, 0, new Date(midnight.getTime() + 60_000), defaults)).toMatchObject({
      blockedFor: 'daily_quota',
    });
    const later = new Date(midnight.getTime() + 11 * 60_000);
    expect(quota(shut, later, defaults)).toMatchObject({ used: 1 });
    expect(allowance(shut, later, defaults)).toEqual({ total: 1, normal: 1 });
  });

  it('pauses when WeChat says that calls come too fast, then goes on', () => {
    const paused = tooFast(charge(idle, 1, noon, defaults), noon, 60_000);
    expect(allowance(paused, later(59_999), defaults).total).toBe(0);
    expect(allowance(paused, later(60_000), defaults).total).toBe(1);
    expect(charge(paused, 1, later(60_000), defaults)).toMatchObject({ blockedFor: null, blockedUntil: null });
  });

  it('gives the quota of a call that was never made back, and opens again', () => {
    const spent = charge({ ...idle, quotaDay: '2026-11-22', quotaUsed: 7 }, 1, noon, defaults);
    expect(refund(spent, noon, defaults)).toMatchObject({ quotaUsed: 7, blockedFor: null });
  });

  it('never lets more go than its rate in any window, nor than its daily limit', () => {
    const looks = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(
        looks,
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 0, max: 200 }),
        (pauses, rate, limit) => {
          let lane: LaneState = { ...idle, ratePerMinute: rate, dailyLimit: limit };
          const interval = 60_000 / rate;
          const starts: number[] = [];
          let at = 0;
          for (const pause of pauses) {
            at += pause;
            const { total } = allowance(lane, later(at), defaults);
            lane = charge(lane, total, later(at), defaults);
            starts.push(...Array<number>(total).fill(at));
          }
          expect(starts.length).toBeLessThanOrEqual(limit);
          starts.forEach((start, i) => {
            const windowEnd = starts.length - 1;
            // One slot, and what a look that comes 25 ms late may catch up with.
            const allowed = ((starts[windowEnd] ?? 0) - start + 25) / interval + Math.max(1, 25 / interval);
            expect(windowEnd - i).toBeLessThanOrEqual(Math.ceil(allowed));
          });
        },
      ),
    );
  });
});
