import { conflictPauseMs, heldPauseMs, holdPauseMs } from './hold-pause.js';

it.each([
  [0, 5_000],
  [1, 10_000],
  [2, 20_000],
  [5, 160_000],
  [6, 300_000],
  [5_000, 300_000],
])('after %i failed probes a platform is left alone for %i ms', (failedProbes, pauseMs) => {
  expect(holdPauseMs(failedProbes)).toBe(pauseMs);
});

it.each([
  [0, 30_000],
  [1, 60_000],
  [5, 600_000],
])('a lane that began a hold waits longer after %i such times: %i ms', (retries, pauseMs) => {
  expect(heldPauseMs(retries)).toBe(pauseMs);
});

it.each([
  [0, 60_000],
  [1, 120_000],
  [3, 480_000],
  [4, 900_000],
  [5_000, 900_000],
])('after %i fresh tokens that were refused a lane waits for %i ms at the next', (refusedBefore, pauseMs) => {
  expect(conflictPauseMs(refusedBefore)).toBe(pauseMs);
});
