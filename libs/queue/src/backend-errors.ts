import type { Logger } from '@nestjs/common';

const QUIET_MS = 10_000;

/**
 * Makes a listener for `error` events. Without a listener such an event would end the process; while a backend is away
 * the same error comes many times a second, so each is logged at most every ten seconds.
 */
export function logBackendErrors(logger: Logger, queue: string): (error: Error) => void {
  const loggedAt = new Map<string, number>();
  return (error) => {
    const now = Date.now();
    // AggregateError, which Node throws when every address refuses, has an empty message.
    const message = error.message || error.name;
    if (now - (loggedAt.get(message) ?? 0) < QUIET_MS) return;
    if (loggedAt.size > 100) loggedAt.clear();
    loggedAt.set(message, now);
    logger.warn('queue backend error', { queue, error: message });
  };
}
