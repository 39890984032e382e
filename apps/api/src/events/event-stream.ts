import { Injectable } from '@nestjs/common';
import { ApiKeys, type Principal } from '@app/access';
import { pause } from '@app/concurrency';
import { eventMessage, Events, type FeedFilter } from '@app/events';
import { HEARTBEAT_MS, LOOK_EVERY_MS, piece } from './open-streams.js';

const EVENTS_AT_A_TIME = 500;

/** For a browser that was cut off, before it comes back. */
const COME_BACK_AFTER_MS = 2_000;

/** The feed as server-sent events. Their ids are places in it: who comes back with the last one misses nothing. */
@Injectable()
export class EventStream {
  constructor(
    private readonly keys: ApiKeys,
    private readonly events: Events,
  ) {}

  /**
   * Ends when the key or the session does.
   * @param after undefined: from now on
   * @throws FeedCursorInvalid, with the first piece
   */
  async *pieces(
    principal: Principal,
    filter: Omit<FeedFilter, 'scope' | 'limit'>,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    let cursor = after ?? (await this.events.latest());
    // The place alone, without an event: who is cut off before the first one comes back to it.
    yield `retry: ${COME_BACK_AFTER_MS}\nid: ${cursor}\n\n`;
    let toldAt = performance.now();
    while (!signal.aborted && (await this.keys.isWorking(principal))) {
      const lookedAt = performance.now();
      const page = await this.events.after(cursor, { ...filter, scope: principal.scope, limit: EVENTS_AT_A_TIME });
      for (const event of page.events) yield piece(event.type, event.cursor, eventMessage(event));
      cursor = page.next;
      const isQuiet = page.events.length === 0;
      // What was read and did not match is not read again by who comes back.
      if (isQuiet && lookedAt - toldAt > HEARTBEAT_MS) yield `: still here\nid: ${cursor}\n\n`;
      if (!isQuiet || lookedAt - toldAt > HEARTBEAT_MS) toldAt = lookedAt;
      if (!page.hasMore) await pause(Math.max(LOOK_EVERY_MS, 10 * (performance.now() - lookedAt)), signal);
    }
  }
}
