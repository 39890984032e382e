import fc from 'fast-check';
import { eta } from './eta.js';
import { idle } from './idle-lane.fixture.js';
import { allowance, charge, waitForAdmin, type LaneState } from './lane.js';
import { intervalMs, perMinute } from './rate.js';

const defaults = { ratePerMinute: 60, dailyLimit: 10, urgentReserve: 2 };
const noon = new Date('2026-11-22T04:00:00Z');
const midnight = new Date('2026-11-22T16:00:00Z');
const step = intervalMs(perMinute(60));
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const later = (from: Date, ms: number) => new Date(Math.ceil(from.getTime() + ms));
const rich = { ...idle, dailyLimit: 1_000_000 };
const used = (quotaUsed: number) => ({ ...idle, quotaDay: '2026-11-22', quotaUsed });

describe('the estimate of when a deletion leaves its lane', () => {
  it('is now for the first of an idle lane', () => {
    expect(eta(idle, 0, noon, defaults, false)).toEqual(noon);
  });

  it.each([
    ['the rate binds', rich, 100, false, later(noon, 100 * step)],
    ['the next slot is not yet', { ...rich, nextSlotMs: noon.getTime() + 700 }, 2, false, later(noon, 700 + 2 * step)],
    ['a learned rate binds', { ...rich, learnedCalls: 1, learnedSeconds: 600 }, 1, false, later(noon, 601_250)],
    ['it was slowed', { ...rich, slowedRate: 30, slowedAt: noon }, 1, false, later(noon, 2 * step)],
    ['today has room', used(5), 2, false, later(noon, 2 * step)],
    ['the quota binds: first of tomorrow', used(5), 3, false, midnight],
    ['the quota binds: third of tomorrow', used(5), 5, false, later(midnight, 2 * step)],
    ['the quota binds: the day after', used(5), 3 + 8, false, later(midnight, DAY)],
    ['the quota binds: many days', used(10), 8 * 1000 + 7, false, later(midnight, 1000 * DAY + 7 * step)],
    ['it is urgent and has the reserve today', used(8), 1, true, later(noon, step)],
    ['it is urgent and the reserve is spent', used(10), 0, true, midnight],
    ['it is urgent: ten tomorrow', used(10), 10, true, later(midnight, DAY)],
    ['the lane was yesterday spent', { ...used(10), quotaDay: '2026-11-21' }, 0, false, noon],
    ['a limit of one', { ...idle, dailyLimit: 1 }, 3, false, later(midnight, 2 * DAY)],
    ['an admin has to confirm', waitForAdmin(idle, noon, 600_000), 1, true, later(noon, 600_000 + step)],
    ['an admin has to confirm beyond midnight', waitForAdmin(used(10), noon, DAY), 0, false, later(noon, DAY)],
  ] as const)('when %s', (_, lane, ahead, isUrgent, expected) => {
    expect(eta(lane, ahead, noon, defaults, isUrgent)).toEqual(expected);
  });

  it('goes on over midnight at the rate when the quota is no bound', () => {
    expect(eta(rich, 86_400, noon, defaults, false)).toEqual(later(noon, 86_400 * step));
    expect(eta({ ...rich, ratePerMinute: 1 }, 50_000, noon, defaults, false)?.getTime()).toBeCloseTo(
      noon.getTime() + 50_000 * 61_250,
    );
  });

  it('is bound by the rate today and by the quota tomorrow', () => {
    const beforeMidnight = later(midnight, -10_000);
    const lane = { ...idle, dailyLimit: 102 };
    expect(eta(lane, 5, beforeMidnight, defaults, false)).toEqual(later(beforeMidnight, 5 * step));
    expect(eta(lane, 15, beforeMidnight, defaults, false)).toEqual(later(beforeMidnight, 15 * step));
    expect(eta(lane, 10 + 100, beforeMidnight, defaults, false)).toEqual(later(midnight, DAY));
  });

  it('is not before the deletion is ready', () => {
    const readyAt = later(noon, HOUR);
    expect(eta(idle, 3, noon, defaults, false, readyAt)).toEqual(readyAt);
    expect(eta(used(10), 0, noon, defaults, false, readyAt)).toEqual(midnight);
  });

  it('is never when nothing may be deleted', () => {
    expect(eta({ ...idle, dailyLimit: 0 }, 0, noon, defaults, true)).toBeNull();
  });

  it('is what the lane then does, looked at every quarter of a second', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 60 }),
        fc.boolean(),
        (rate, dailyLimit, ahead, isUrgent) => {
          const start = later(midnight, -60_000);
          let lane: LaneState = { ...idle, ratePerMinute: rate, dailyLimit };
          const expected = eta(lane, ahead, start, defaults, isUrgent)?.getTime() ?? 0;
          let left = 0;
          let at = start.getTime();
          for (;;) {
            const { total, normal } = allowance(lane, new Date(at), defaults);
            const count = isUrgent ? total : normal;
            left += count;
            lane = charge(lane, count, new Date(at), defaults);
            if (left > ahead) break;
            // Looks in between would find nothing.
            at = Math.max(
              at + 250,
              lane.nextSlotMs,
              (isUrgent ? lane.urgentBlockedUntil : lane.blockedUntil)?.getTime() ?? 0,
            );
          }
          expect(Math.abs(at - expected)).toBeLessThanOrEqual(250 + 60_000 / rate);
        },
      ),
    );
  });
});
