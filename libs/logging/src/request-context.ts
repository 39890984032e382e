import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const current = new AsyncLocalStorage<string>();

/** Runs `fn` so that every log line within it, however deep and however late, carries the id. */
export function runWithRequestId<T>(requestId: string, fn: () => T): T {
  return current.run(requestId, fn);
}

/** The id of the request, push or job that is being worked on, if any. */
export function currentRequestId(): string | undefined {
  return current.getStore();
}

/** A UUIDv4: cheaper than the others, and nobody sorts by it. */
export function newRequestId(): string {
  return randomUUID();
}
