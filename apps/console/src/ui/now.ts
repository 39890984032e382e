import { useSyncExternalStore } from 'react';

const EVERY_MS = 1_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for the whole page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    // While nobody listened, it stood still.
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const told of listeners) told();
    }, EVERY_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time in milliseconds, which goes on each second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
