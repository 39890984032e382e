const FIRST_MS = 5_000;
const LONGEST_MS = 300_000;

/** How long a platform is left alone before the next probe, ms: 5 s at first, doubled after each probe that failed. */
export function holdPauseMs(failedProbes: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** failedProbes);
}
