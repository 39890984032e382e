import { refuseForAge } from './push-age.js';

const DAY = 86_400;
const NOON = 1_780_000_000;
const judged = (timestamp: unknown) => refuseForAge(timestamp, { now: new Date(NOON * 1000 + 999), maxAgeS: DAY });

describe('refuseForAge', () => {
  it.each([NOON, NOON - DAY, NOON + DAY, NOON - 5])('takes %s', (seconds) => {
    expect(judged(String(seconds))).toBeUndefined();
  });

  it.each([
    [NOON - DAY - 1, 'too_old', DAY + 1],
    [NOON + DAY + 1, 'too_new', -DAY - 1],
    [0, 'too_old', NOON],
    // Milliseconds are no seconds.
    [99_999_999_999, 'too_new', NOON - 99_999_999_999],
  ])('refuses %s: %s', (seconds, reason, ageS) => {
    expect(judged(String(seconds))).toEqual({ reason, ageS });
  });

  it.each([undefined, 7, '', ' 1780000000', '1.78e9', '-1', '0x6a18a580', '1780000000000', ['1780000000']])(
    'takes %p for no time',
    (timestamp) => {
      expect(judged(timestamp)).toEqual({ reason: 'no_time' });
    },
  );
});
