const SECOND = 1_000;

/** After how long an accepted deletion is looked for at WeChat, the first time and each time that it was not there. */
const DELAYS_MS = [10 * SECOND, 120 * SECOND, 1_800 * SECOND, 24 * 3_600 * SECOND];

/** @returns ms until the look after so many, or undefined when there were enough */
export function verificationDelayMs(looks: number): number | undefined {
  return DELAYS_MS[looks];
}
