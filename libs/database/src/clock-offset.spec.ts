import { isTooFarOff, leastOffsetMs } from './clock-offset.js';

const reading = (databaseAt: number, tookMs = 20) => ({
  askedAt: 1_000,
  answeredAt: 1_000 + tookMs,
  databaseAt,
  tookMs,
});

describe('how far a clock is off', () => {
  it.each([
    ['both agree', reading(1_010), 0],
    ['the database looked at the very start', reading(1_000), 0],
    ['the database looked at the very end', reading(1_020), 0],
    ['the process is ahead', reading(-5_000), 6_000],
    ['the process is behind', reading(8_020), -7_000],
    ['a slow answer could explain it', reading(5_500, 5_000), 0],
    ['a slow answer explains a part of it', reading(9_000, 5_000), -3_000],
    ['a clock was set by an hour meanwhile', { ...reading(1_010), answeredAt: 3_601_020 }, undefined],
    ['a clock was set back meanwhile', { ...reading(1_010), answeredAt: -3_600_000 }, undefined],
  ])('%s', (_case, given, offset) => {
    expect(leastOffsetMs(given)).toBe(offset);
  });

  it.each([
    [0, false],
    [2_000, false],
    [-2_000, false],
    [2_001, true],
    [-2_001, true],
  ])('%d ms', (offset, isOff) => {
    expect(isTooFarOff(offset)).toBe(isOff);
  });
});
