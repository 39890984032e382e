import { setImmediate } from 'node:timers/promises';

const TURN_MS = 10;

/** For work on very many things: others are served in between, so that no request holds the event loop for long. */
export class Turns {
  private began = performance.now();

  /** After each thing. Goes on at once until the turn is over. */
  async pass(): Promise<void> {
    if (performance.now() - this.began < TURN_MS) return;
    await setImmediate();
    this.began = performance.now();
  }
}

const BATCH = 1_000;
const BATCH_CHARACTERS = 256 * 1024;

/**
 * Parts of a long list that are worth a statement each, and no more work at a time than a batch of NDJSON.
 * @param lengthOf how many characters of an element have to be looked at
 */
export function* batchesOf<T>(all: Iterable<T>, lengthOf: (one: T) => number): Generator<T[]> {
  let batch: T[] = [];
  let characters = 0;
  for (const one of all) {
    batch.push(one);
    characters += lengthOf(one);
    if (batch.length < BATCH && characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}
