import { Injectable } from '@nestjs/common';
import { eventMessage, Events, type FeedFilter } from '@app/events';
import { piece, type Look } from './open-streams.js';

const EVENTS_AT_A_TIME = 500;

/** For a browser that was cut off, before it comes back. */
const COME_BACK_AFTER_MS = 2_000;

/** The feed as server-sent events. Their ids are places in it: who comes back with the last one misses nothing. */
@Injectable()
export class EventStream {
  constructor(private readonly events: Events) {}

  /** @param after undefined: from now on */
  looks(filter: Omit<FeedFilter, 'limit'>, after: string | undefined): () => Promise<Look> {
    let cursor: string | undefined;
    return async () => {
      if (cursor === undefined) {
        cursor = after ?? (await this.events.latest());
        // The place alone, without an event: who is cut off before the first one comes back to it.
        const start = `retry: ${COME_BACK_AFTER_MS}\nid: ${cursor}\n\n`;
        return { pieces: [start], heartbeat: '', isBehind: true };
      }
      const { events, next, hasMore } = await this.events.after(cursor, { ...filter, limit: EVENTS_AT_A_TIME });
      cursor = next;
      return {
        pieces: events.map((event) => piece(event.type, event.cursor, eventMessage(event))),
        // What was read and did not match is not read again by who comes back.
        heartbeat: `: still here\nid: ${cursor}\n\n`,
        isBehind: hasMore,
      };
    };
  }
}
