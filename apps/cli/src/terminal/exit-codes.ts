/** Documented in docs/cli.md: scripts rely on them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notAuthorized: 3,
  partlyFailed: 4,
  notChecked: 5,
  stopped: 130,
  closedPipe: 141,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command was called in a way that means nothing. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something failed, and these words say it all. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Nothing is said of a proof: it, or the keys, could not be read. */
export class NotChecked extends Error {
  override readonly name = 'NotChecked';
}

/** Whoever called the command has stopped it. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** @param missed what was asked for and did not come to pass */
export function exitCodeOf({ done, missed }: { done: number; missed: number }): ExitCode {
  if (missed === 0) return EXIT.ok;
  return done > 0 ? EXIT.partlyFailed : EXIT.failed;
}
