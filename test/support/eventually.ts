import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until the answer is as wanted. @throws with the last answer when the time is up */
export async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  deadlineMs = 120_000,
): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > giveUpAt) throw new Error(`Still not as wanted: ${JSON.stringify(answer)}`);
    await delay(25);
  }
}
