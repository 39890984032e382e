import type { Event, EventsListData, EventsListResponse } from './generated/index.js';
import { pause } from './pause.js';

type Query = NonNullable<EventsListData['query']>;

export interface Feed extends Omit<Query, 'cursor'> {
  /** Where to go on. `latest`: from now on; without one, from the oldest event that is kept. */
  cursor?: string | undefined;
  /** Called when all events before the cursor were worked off, that is asked for beyond them: go on from there after a restart. */
  onCursor?: (cursor: string) => void | Promise<void>;
  /** How long to wait when there was nothing new. */
  pollMs?: number;
  signal?: AbortSignal | undefined;
}

const POLL_MS = 1_000;

/** Ends when the signal does, with an error. */
export async function* followFeed(
  read: (query: Query, call: { signal?: AbortSignal | undefined }) => Promise<EventsListResponse>,
  { cursor, onCursor, pollMs = POLL_MS, signal, ...query }: Feed,
): AsyncGenerator<Event, never> {
  for (let at = cursor; ;) {
    const page = await read(at === undefined ? query : { ...query, cursor: at }, { signal });
    const { data, next_cursor, has_more } = page;
    yield* data;
    await onCursor?.(next_cursor);
    at = next_cursor;
    if (!has_more) await pause(pollMs, signal);
  }
}
