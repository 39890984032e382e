import type { Event, EventsFollowData, EventsListResponse } from './generated/index.js';
import { followStream } from './stream.js';

type Query = Omit<NonNullable<EventsFollowData['query']>, 'after'>;

export interface Feed extends Query {
  /** Where to go on. `latest`: from now on; without one, from the oldest event that is kept. */
  cursor?: string | undefined;
  /** Called when all events before the cursor were worked off, that is asked for beyond them: go on from there after a restart. */
  onCursor?: (cursor: string) => void | Promise<void>;
  signal?: AbortSignal | undefined;
}

/** How the feed is read. */
export interface FeedSource {
  /** The first page, of one event. */
  begin: (query: Query) => Promise<EventsListResponse>;
  follow: (query: Query & { after: string }, lastEventId: string | undefined) => Promise<ReadableStream<Uint8Array>>;
}

/** Ends with an error: that of the signal, or of a stream that could not be had. */
export async function* followFeed(source: FeedSource, feed: Feed): AsyncGenerator<Event, void> {
  const { cursor, onCursor, signal, type, merchant, takedown } = feed;
  const query = { ...(type && { type }), ...(merchant && { merchant }), ...(takedown && { takedown }) };
  let after = cursor;
  if (after === undefined) {
    // A stream cannot be told to begin with the oldest event, but goes on behind it.
    const { data, next_cursor } = await source.begin(query);
    yield* data;
    await onCursor?.(next_cursor);
    after = next_cursor;
  }
  const begin = { ...query, after };
  for await (const { id, data } of followStream((last) => source.follow(begin, last), undefined, signal)) {
    if (data !== undefined) yield JSON.parse(data) as Event;
    if (id !== undefined) await onCursor?.(id);
  }
}
