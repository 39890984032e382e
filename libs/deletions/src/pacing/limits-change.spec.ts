import { LimitsNotYours } from '../errors.js';
import { idle } from './idle-lane.fixture.js';
import { configuredPerMinute, limitOf, type LaneState } from './lane.js';
import { changeLimits, type LimitsChange } from './limits-change.js';

const defaults = { ratePerMinute: 60, dailyLimit: 10, urgentReserve: 2 };
const settingsOf = ({ ratePerMinute, isRateCap, dailyLimit, isDailyCap }: LaneState) => ({
  rate: [ratePerMinute, isRateCap],
  daily: [dailyLimit, isDailyCap],
});
const byLimited = (lane: Partial<LaneState>, change: LimitsChange) =>
  settingsOf(changeLimits({ ...idle, ...lane }, { ...change, byLimitedKey: true }, defaults));
const unset = { rate: [null, false], daily: [null, false] };

it('a key without limits sets what it likes, over whatever was set', () => {
  const lowered = { ...idle, ratePerMinute: 5, isRateCap: true, dailyLimit: 3, isDailyCap: true };
  const change = { ratePerMinute: 500, dailyLimit: 100 };
  expect(settingsOf(changeLimits(lowered, change, defaults))).toEqual({ rate: [500, false], daily: [100, false] });
  expect(settingsOf(changeLimits(lowered, { dailyLimit: null }, defaults))).toEqual({
    rate: [5, true],
    daily: [null, false],
  });
});

describe('a key with limits', () => {
  it.each<[string, Partial<LaneState>, LimitsChange, object]>([
    ['the default rate', {}, { ratePerMinute: 59 }, { ...unset, rate: [59, true] }],
    ['the default daily limit, to nothing', {}, { dailyLimit: 0 }, { ...unset, daily: [0, true] }],
    ["WeChat's number", { learnedLimit: 100 }, { dailyLimit: 99 }, { ...unset, daily: [99, true] }],
    ['to what holds anyway', {}, { dailyLimit: 10 }, { ...unset, daily: [10, true] }],
    [
      'what a key with limits has lowered before',
      { ratePerMinute: 50, isRateCap: true },
      { ratePerMinute: 40 },
      { ...unset, rate: [40, true] },
    ],
    [
      'one beside another that is not its own',
      { ratePerMinute: 50 },
      { dailyLimit: 5 },
      { rate: [50, false], daily: [5, true] },
    ],
  ])('lowers %s', (_what, lane, change, expected) => {
    expect(byLimited(lane, change)).toEqual(expected);
  });

  it.each<[string, Partial<LaneState>, LimitsChange]>([
    ['the default rate', {}, { ratePerMinute: 61 }],
    ['the default daily limit', {}, { dailyLimit: 11 }],
    ["WeChat's number", { learnedLimit: 5 }, { dailyLimit: 6 }],
    ['what was lowered', { ratePerMinute: 50, isRateCap: true }, { ratePerMinute: 51 }],
    ['what was lowered, by giving it up', { dailyLimit: 3, isDailyCap: true }, { dailyLimit: null }],
    ['one while it lowers the other', {}, { ratePerMinute: 1, dailyLimit: 11 }],
  ])('does not raise %s', (_what, lane, change) => {
    expect(() => byLimited(lane, change)).toThrow(LimitsNotYours);
  });

  it.each<[string, LimitsChange]>([
    ['higher', { ratePerMinute: 51 }],
    ['lower', { ratePerMinute: 49 }],
    ['away', { ratePerMinute: null }],
    ['lower', { dailyLimit: 4 }],
    ['away', { dailyLimit: null }],
  ])('does not set %s what a key without limits has set', (_how, change) => {
    expect(() => byLimited({ ratePerMinute: 50, dailyLimit: 5 }, change)).toThrow(LimitsNotYours);
  });

  it('changes nothing by repeating what stands there', () => {
    const set = { ratePerMinute: 50, dailyLimit: 5 };
    expect(byLimited(set, set)).toEqual({ rate: [50, false], daily: [5, false] });
    expect(byLimited({}, { ratePerMinute: null, dailyLimit: null })).toEqual(unset);
    expect(byLimited({ ...set, isRateCap: true }, set)).toEqual({ rate: [50, true], daily: [5, false] });
  });

  it('has lowered, and not raised, also once WeChat or the deployment allows less', () => {
    const lane = changeLimits(idle, { ratePerMinute: 60, dailyLimit: 10, byLimitedKey: true }, defaults);
    expect(limitOf({ ...lane, learnedLimit: 4 }, defaults)).toBe(4);
    expect(limitOf({ ...lane, learnedLimit: 400 }, defaults)).toBe(10);
    expect(configuredPerMinute(lane, { ...defaults, ratePerMinute: 30 })).toBe(30);
  });
});
