const FIRST_MS = 5_000;
const LONGEST_MS = 300_000;
const FIRST_OF_BEGINNER_MS = 30_000;
const LONGEST_OF_BEGINNER_MS = 600_000;
const FIRST_OF_CONFLICT_MS = 60_000;
const LONGEST_OF_CONFLICT_MS = 15 * 60_000;

/** How long a platform is left alone before the next probe, ms: 5 s at first, doubled after each probe that failed. */
export function holdPauseMs(failedProbes: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** failedProbes);
}

/**
 * How long the lane waits, ms, whose deletion met the failure first. The trouble may be this merchant's own after all,
 * which costs the deletion a retry each time: then it holds the others up less and less often.
 */
export function heldPauseMs(retries: number): number {
  return Math.min(LONGEST_OF_BEGINNER_MS, FIRST_OF_BEGINNER_MS * 2 ** retries);
}

/**
 * How long a lane waits, ms, after fresh tokens in a row were refused: each try makes the other system's token void.
 */
export function conflictPauseMs(refusedBefore: number): number {
  return Math.min(LONGEST_OF_CONFLICT_MS, FIRST_OF_CONFLICT_MS * 2 ** refusedBefore);
}
