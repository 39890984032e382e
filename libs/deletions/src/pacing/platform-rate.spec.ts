import { chargePlatform, dealOut, type PlatformRate, type Wanting } from './platform-rate.js';
import { intervalMs, perMinute } from './rate.js';

const now = new Date('2026-11-22T04:00:00Z');
const nowMs = now.getTime();
const step = intervalMs(perMinute(60));

const lane = (merchantId: string, total = 1, platformId = 'p'): Wanting => ({
  merchantId,
  platformId,
  total,
  normal: total,
  firstSlotMs: nowMs,
  stepMs: step,
});
const platform = (nextSlotMs: number): Map<string, PlatformRate> =>
  new Map([['p', { platformId: 'p', nextSlotMs, rate: perMinute(60) }]]);
const totals = (offers: Wanting[]) => offers.map(({ merchantId, total, normal }) => [merchantId, total, normal]);

describe('the rate of a platform', () => {
  it('does not concern lanes of others', () => {
    const { offers, notBefore } = dealOut([lane('a', 5, 'q')], platform(nowMs + 500), now);
    expect(totals(offers)).toEqual([['a', 5, 5]]);
    expect(notBefore.size).toBe(0);
  });

  it('is for those in front; the others come at the slots after it, in their order', () => {
    const { offers, notBefore } = dealOut([lane('a'), lane('b'), lane('c')], platform(nowMs), now);
    expect(totals(offers)).toEqual([
      ['a', 1, 1],
      ['b', 0, 0],
      ['c', 0, 0],
    ]);
    expect([...notBefore]).toEqual([
      ['b', new Date(nowMs + step)],
      ['c', new Date(nowMs + 2 * step)],
    ]);
  });

  it('bounds one lane too, and leaves nothing before its next slot', () => {
    expect(totals(dealOut([lane('a', 5)], platform(nowMs), now).offers)).toEqual([['a', 1, 1]]);
    const { offers, notBefore } = dealOut([lane('a', 5)], platform(nowMs + 300), now);
    expect(totals(offers)).toEqual([['a', 0, 0]]);
    expect(notBefore.get('a')).toEqual(new Date(nowMs + 300));
  });

  it('does not put off a lane that wants nothing', () => {
    const { offers, notBefore } = dealOut([lane('a', 0), lane('b')], platform(nowMs), now);
    expect(totals(offers)).toEqual([
      ['a', 0, 0],
      ['b', 1, 1],
    ]);
    expect(notBefore.size).toBe(0);
  });

  it('counts a call from the older of the two slots', () => {
    expect(dealOut([lane('a')], platform(nowMs - 100), now).offers[0]?.firstSlotMs).toBe(nowMs - 100);
    expect(dealOut([{ ...lane('a'), firstSlotMs: nowMs - 200 }], platform(nowMs), now).offers[0]?.firstSlotMs).toBe(
      nowMs - 200,
    );
  });

  it('is charged for what left', () => {
    const before: PlatformRate = { platformId: 'p', nextSlotMs: nowMs - 100, rate: perMinute(60) };
    expect(chargePlatform(before, 0, now)).toEqual(before);
    expect(chargePlatform(before, 2, now).nextSlotMs).toBeCloseTo(nowMs - 100 + 2 * step);
  });
});
