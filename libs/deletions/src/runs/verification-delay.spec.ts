import { verificationDelayMs } from './verification-delay.js';

it('looks four times for an accepted deletion, within a day and a half', () => {
  expect([0, 1, 2, 3, 4, 5].map(verificationDelayMs)).toEqual([
    10_000,
    120_000,
    1_800_000,
    86_400_000,
    undefined,
    undefined,
  ]);
});
