/** So many rows a statement: it takes milliseconds, and whoever wants one of these rows waits no longer. */
const AT_A_TIME = 1_000;
/** So many statements in a sweep, of which there is one every 15 seconds: others have a turn as well. */
const STEPS = 20;

/**
 * Deletes what has served its time in small steps, so that nobody is disturbed, and goes on while there is more, so that
 * what was left by a stand-still is caught up with.
 * @param step deletes at most so many rows, and tells how many it found
 */
export async function forgetInSteps(step: (atMost: number) => Promise<number>, steps = STEPS): Promise<void> {
  for (let left = steps; left > 0; left--) {
    if ((await step(AT_A_TIME)) < AT_A_TIME) return;
  }
}
