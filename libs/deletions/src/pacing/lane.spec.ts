import fc from 'fast-check';
import { idle } from './idle-lane.fixture.js';
import {
  allowance,
  charge,
  chargeRate,
  cleared,
  clearsLeft,
  currentRate,
  hasSlot,
  learn,
  quota,
  quotaSpent,
  refund,
  reopen,
  returnClear,
  slotting,
  spendClear,
  pause,
  tooFast,
  waitForAdmin,
  type LaneState,
} from './lane.js';
import { intervalMs, perMinute } from './rate.js';
import { nextShanghaiMidnight, shanghaiDay, shanghaiMonth } from './shanghai-day.js';

const defaults = { ratePerMinute: 60, dailyLimit: 10, urgentReserve: 2 };
const noon = new Date('2026-11-22T04:00:00Z');
const midnight = new Date('2026-11-22T16:00:00Z');
const later = (ms: number) => new Date(noon.getTime() + ms);
/** Every call was counted by WeChat when it was asked. */
const settled = { inFlight: 0, justEnded: 0 };

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
    expect(allowance(after, later(1_020), defaults).total).toBe(0);
    expect(allowance(after, later(1_021), defaults).total).toBe(1);
  });

  it('lets several go in one look when its rate is high', () => {
    const fast = { ...idle, ratePerMinute: 24_000, dailyLimit: 1_000_000 };
    const after = charge(fast, 1, noon, defaults);
    expect(allowance(after, later(25), defaults)).toEqual({ total: 9, normal: 9 });
    const { firstSlotMs, stepMs } = slotting(after, later(25), defaults);
    expect(firstSlotMs).toBeCloseTo(noon.getTime() + stepMs);
    expect(stepMs).toBeCloseTo(61_250 / 24_000);
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
    const paused = tooFast(charge(idle, 1, noon, defaults), noon, noon, 60_000, defaults);
    expect(allowance(paused, later(59_999), defaults).total).toBe(0);
    expect(allowance(paused, later(60_000), defaults).total).toBe(1);
    expect(charge(paused, 1, later(60_000), defaults)).toMatchObject({ blockedFor: null, blockedUntil: null });
  });

  it('gives the quota of a call that was never made back, and opens again', () => {
    const spent = charge({ ...idle, quotaDay: '2026-11-22', quotaUsed: 7 }, 1, noon, defaults);
    expect(refund(spent, noon, defaults)).toMatchObject({ quotaUsed: 7, blockedFor: null });
  });

  it('keeps its daily limit, and its slots an interval apart, whenever one looks', () => {
    const looks = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(
        looks,
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 0, max: 200 }),
        (pauses, rate, limit) => {
          let lane: LaneState = { ...idle, ratePerMinute: rate, dailyLimit: limit };
          const slots: number[] = [];
          let at = 0;
          for (const pause of pauses) {
            at += pause;
            const { total } = allowance(lane, later(at), defaults);
            const { firstSlotMs, stepMs } = slotting(lane, later(at), defaults);
            lane = charge(lane, total, later(at), defaults);
            for (let i = 0; i < total; i++) slots.push(firstSlotMs + i * stepMs);
            if (total > 0) expect(slots.at(-1)).toBeLessThanOrEqual(later(at).getTime());
          }
          expect(slots.length).toBeLessThanOrEqual(limit);
          slots.forEach((slot, i) => {
            if (i > 0) expect(slot - (slots[i - 1] ?? 0)).toBeGreaterThan(intervalMs(perMinute(rate)) - 0.01);
          });
        },
      ),
    );
  });

  it('gives a new slot for an old one at its rate, without quota', () => {
    const spent = charge({ ...idle, quotaDay: '2026-11-22', quotaUsed: 9 }, 1, noon, defaults);
    expect(hasSlot(spent, later(500), defaults)).toBe(false);
    expect(hasSlot(spent, later(2_000), defaults)).toBe(true);
    const renewed = chargeRate(spent, 1, later(2_000), defaults);
    expect(renewed).toMatchObject({ quotaUsed: 10 });
    expect(hasSlot(renewed, later(2_500), defaults)).toBe(false);
    expect(hasSlot(waitForAdmin(idle, noon, 60_000), later(30_000), defaults)).toBe(false);
    expect(chargeRate(spent, 0, noon, defaults)).toEqual(spent);
  });
});

describe('the rate of a lane', () => {
  it.each([
    ['the default', idle, perMinute(60)],
    ['its own', { ...idle, ratePerMinute: 90 }, perMinute(90)],
    ["WeChat's when that is less", { ...idle, learnedCalls: 5, learnedSeconds: 60 }, perMinute(5)],
    ["not WeChat's when that is more", { ...idle, learnedCalls: 5_600, learnedSeconds: 60 }, perMinute(60)],
    ['less after a 45011', tooFast(idle, noon, noon, 60_000, defaults), perMinute(30)],
    [
      "WeChat's when that is less still",
      { ...tooFast(idle, noon, noon, 60_000, defaults), learnedCalls: 5, learnedSeconds: 60 },
      perMinute(5),
    ],
  ])('is %s', (_, lane, rate) => {
    expect(currentRate(lane, noon, defaults)).toEqual(rate);
  });

  it('is halved with each 45011 and recovers slowly once calls go on', () => {
    const once = tooFast(idle, noon, noon, 60_000, defaults);
    const twice = tooFast(once, later(60_000), later(60_000), 60_000, defaults);
    expect(currentRate(twice, later(120_000), defaults)).toEqual(perMinute(15));
    expect(currentRate(twice, later(120_000 + 300_000), defaults)).toEqual(perMinute(21));
    expect(currentRate(twice, later(120_000 + 8 * 300_000), defaults)).toEqual(perMinute(60));
    expect(allowance(once, later(60_000), defaults).total).toBe(1);
    expect(allowance(charge(once, 1, later(60_000), defaults), later(62_000), defaults).total).toBe(0);
  });
});

describe('many answers at once', () => {
  const rapid = { ...defaults, ratePerMinute: 3_000 };
  const answered = (lane: LaneState, count: number, firstLeftAt: Date, firstAnsweredAt: Date) =>
    Array.from({ length: count }, (_, i) => i * 20).reduce(
      (before, ms) =>
        tooFast(before, new Date(firstLeftAt.getTime() + ms), new Date(firstAnsweredAt.getTime() + ms), 60_000, rapid),
      lane,
    );

  it('of 45011 halve the rate once for each overshoot', () => {
    const once = answered(idle, 33, noon, later(1_000));
    expect(once).toEqual(tooFast(idle, noon, later(1_000), 60_000, rapid));
    expect(currentRate(once, later(61_000), rapid)).toEqual(perMinute(1_500));
    // However late they come.
    expect(answered(once, 33, later(500), later(200_000))).toEqual(once);

    const twice = answered(once, 33, later(61_000), later(62_000));
    expect(currentRate(twice, later(122_000), rapid)).toEqual(perMinute(750));
    expect(twice.blockedUntil).toEqual(later(122_000));
  });

  it('of 45011 never put a merchant aside for long', () => {
    let lane = idle;
    for (let i = 0; i < 30; i++) lane = answered(lane, 33, later(i * 70_000), later(i * 70_000 + 1_000));
    expect(currentRate(lane, later(30 * 70_000), rapid)).toEqual(perMinute(300));
  });

  it('leave the longest of what the lane is shut for', () => {
    const admin = waitForAdmin(idle, noon, 600_000);
    expect(waitForAdmin(admin, noon, 600_000)).toEqual(admin);
    expect(tooFast(admin, noon, later(1_000), 60_000, defaults)).toMatchObject({
      blockedFor: 'merchant_admin',
      blockedUntil: later(600_000),
    });
    const paused = pause(pause(idle, noon, 30_000), later(-10), 30_000);
    expect(paused).toEqual(pause(idle, noon, 30_000));
  });

  it('of 45009 are one question and one spent day', () => {
    const once = quotaSpent(idle, noon, defaults);
    expect(quotaSpent(once, noon, defaults)).toEqual(once);
    const asked = { ...once, quotaAskedAt: later(1_000) };
    expect(quotaSpent(asked, later(2_000), defaults)).toMatchObject({
      quotaUsed: once.quotaUsed,
      quotaAskedAt: later(1_000),
      blockedUntil: midnight,
    });
  });
});

describe('a ledger', () => {
  const answer = { dailyLimit: 100, used: 40, remain: 60, rate: { calls: 30, seconds: 60 } };
  const unasked: LaneState = { ...idle, quotaDay: '2026-11-22', quotaUsed: 10 };

  it('opens when WeChat tells of a higher limit, and keeps to its rate', () => {
    const spent = charge(unasked, 0, noon, defaults);
    expect(spent.blockedFor).toBe('daily_quota');
    const learned = learn(spent, answer, settled, noon, defaults);
    expect(learned).toMatchObject({
      learnedLimit: 100,
      learnedAt: noon,
      quotaUsed: 40,
      blockedFor: null,
      blockedUntil: null,
    });
    expect(quota(learned, noon, defaults)).toMatchObject({ limit: 100, left: 60, leftForNormal: 58 });
    expect(currentRate(learned, noon, defaults)).toEqual(perMinute(30));
  });

  it('shuts when WeChat has counted more than its limit leaves', () => {
    const learned = learn({ ...idle }, { dailyLimit: 10, used: 10, remain: 0, rate: null }, settled, noon, defaults);
    expect(learned).toMatchObject({ quotaUsed: 10, blockedFor: 'daily_quota', blockedUntil: midnight });
  });

  it('believes the worse of used and remain', () => {
    const learned = learn(idle, { dailyLimit: 100, used: 40, remain: 30, rate: null }, settled, noon, defaults);
    expect(learned.quotaUsed).toBe(70);
  });

  it("takes an operator's limit before WeChat's, and WeChat's before the default", () => {
    const learned = learn(idle, answer, settled, noon, defaults);
    expect(quota({ ...learned, dailyLimit: 50 }, noon, defaults).limit).toBe(50);
    expect(quota(learned, noon, defaults).limit).toBe(100);
    expect(quota(idle, noon, defaults).limit).toBe(10);
  });

  it('forgets what was used, but not the limit, on the next day', () => {
    const learned = learn(idle, answer, settled, noon, defaults);
    expect(quota(learned, midnight, defaults)).toMatchObject({ limit: 100, used: 0 });
  });

  it('stays shut after a 45009 whatever the counters say, until they are asked an hour later', () => {
    const spent = quotaSpent(unasked, noon, defaults);
    const learned = learn(spent, answer, settled, later(15_000), defaults);
    expect(learned).toMatchObject({
      learnedLimit: 100,
      quotaUsed: 100,
      blockedFor: 'daily_quota',
      blockedUntil: midnight,
    });
    expect(learn(learned, answer, settled, later(3_600_000), defaults)).toMatchObject({
      quotaUsed: 41,
      blockedFor: null,
    });
    expect(learn(spent, answer, settled, midnight, defaults)).toMatchObject({
      quotaUsed: 40,
      blockedFor: null,
    });
    expect(learn(cleared(spent, 0, noon, defaults), answer, settled, later(15_000), defaults)).toMatchObject({
      quotaUsed: 40,
    });
  });

  it('does not open what WeChat shut in the first minutes of a day', () => {
    const justAfter = new Date(midnight.getTime() + 1_000);
    const shut = quotaSpent(idle, justAfter, defaults);
    expect(allowance(learn(shut, answer, settled, justAfter, defaults), justAfter, defaults).total).toBe(0);
  });

  it('is asked about again after a 45009, unless it was asked just before', () => {
    expect(quotaSpent({ ...idle, quotaAskedAt: later(-11 * 60_000) }, noon, defaults).quotaAskedAt).toBeNull();
    const asked = later(-9 * 60_000);
    expect(quotaSpent({ ...idle, quotaAskedAt: asked }, noon, defaults).quotaAskedAt).toEqual(asked);
  });

  it('opens when the limit is raised, and stays shut for what has nothing to do with it', () => {
    const spent = charge({ ...unasked }, 0, noon, defaults);
    expect(reopen({ ...spent, dailyLimit: 20 }, noon, defaults)).toMatchObject({ blockedFor: null });
    expect(reopen({ ...spent, dailyLimit: 5 }, noon, defaults)).toMatchObject({ blockedFor: 'daily_quota' });
    const waiting = waitForAdmin(idle, noon, 60_000);
    expect(reopen(waiting, noon, defaults)).toEqual(waiting);
  });

  it('starts anew when WeChat has cleared it, with the calls that are under way', () => {
    const spent = charge({ ...unasked }, 0, noon, defaults);
    expect(cleared(spent, 0, noon, defaults)).toMatchObject({ quotaUsed: 0, blockedFor: null, blockedUntil: null });
    expect(cleared(spent, 3, noon, defaults).quotaUsed).toBe(3);
    expect(cleared(tooFast(spent, noon, noon, 60_000, defaults), 0, noon, defaults)).toMatchObject({
      quotaUsed: 0,
      blockedFor: 'rate_limit',
    });
  });
});

describe('the clears of a month', () => {
  const nextMonth = new Date('2026-11-30T16:00:00Z');

  it('belong to the month in Shanghai', () => {
    expect(shanghaiMonth(new Date('2026-11-30T15:59:59Z'))).toBe('2026-11');
    expect(shanghaiMonth(nextMonth)).toBe('2026-12');
  });

  it('are ten', () => {
    let lane: LaneState = idle;
    for (let left = 10; left > 0; left--) {
      expect(clearsLeft(lane, noon)).toBe(left);
      lane = spendClear(lane, noon) ?? lane;
    }
    expect(clearsLeft(lane, noon)).toBe(0);
    expect(spendClear(lane, noon)).toBeUndefined();
    expect(clearsLeft(lane, nextMonth)).toBe(10);
    expect(spendClear(lane, nextMonth)).toMatchObject({ clearsMonth: '2026-12', clearsUsed: 1 });
  });

  it('come back when they were not made, and are none when WeChat says so', () => {
    const taken = spendClear(idle, noon) ?? idle;
    expect(clearsLeft(returnClear(taken, false), noon)).toBe(10);
    expect(clearsLeft(returnClear(taken, true), noon)).toBe(0);
  });
});
