import { setTimeout as delay } from 'node:timers/promises';

/** The start cannot go on: what a setting names does not answer. */
export class Unreachable extends Error {
  readonly code = 'unreachable';
  override readonly name = 'Unreachable';

  constructor(
    readonly setting: string,
    /** The reason in a word, never with the setting's value. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${setting} names a server that cannot be reached: ${reason}`, options);
  }
}

export interface ReachOptions {
  /** Told once, when the wait begins. */
  onWait: (reason: string) => void;
  /** Whether a later try may succeed after this error. Any other error is thrown at once. */
  isAway: (error: unknown) => boolean;
  patienceMs?: number;
  everyMs?: number;
}

/** Servers of one machine start at the same time, so a short absence is waited for. @throws Unreachable */
export async function reach<T>(
  setting: string,
  ask: () => Promise<T>,
  { onWait, isAway, patienceMs = 30_000, everyMs = 500 }: ReachOptions,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (let isTold = false; ; isTold = true) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error)) throw error;
      if (performance.now() >= giveUpAt) throw new Unreachable(setting, reasonOf(error), { cause: error });
      if (!isTold) onWait(reasonOf(error));
    }
    await delay(everyMs);
  }
}

/** The innermost cause: what wraps it only says that it failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return [code, error.message].filter(Boolean).join(': ') || error.name;
}
