import { setTimeout as delay } from 'node:timers/promises';
import type { Event, EventsListData, EventsListResponse } from './generated/index.js';

type Query = NonNullable<EventsListData['query']>;

export interface Feed extends Query {
  /** Called when all events before the cursor were worked off, that is asked for beyond them: go on from there after a restart. */
  onCursor?: (cursor: string) => void | Promise<void>;
  /** How long to wait when there was nothing new. */
  pollMs?: number;
  signal?: AbortSignal;
}

const POLL_MS = 1_000;

/** Ends when the signal does, with an error. */
export async function* followFeed(
  read: (query: Query, call: { signal?: AbortSignal | undefined }) => Promise<EventsListResponse>,
  { onCursor, pollMs = POLL_MS, signal, ...query }: Feed,
): AsyncGenerator<Event, never> {
  for (let at = query; ;) {
    const { data, next_cursor, has_more } = await read(at, { signal });
    yield* data;
    await onCursor?.(next_cursor);
    at = { ...query, cursor: next_cursor };
    if (!has_more) await delay(pollMs, undefined, signal ? { signal } : {});
  }
}
