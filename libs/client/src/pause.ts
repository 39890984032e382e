import { setTimeout as delay } from 'node:timers/promises';

/** @throws the reason of the signal, as fetch does */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
