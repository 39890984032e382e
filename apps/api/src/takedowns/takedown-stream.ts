import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '@app/access';
import { Takedowns } from '@app/deletions';
import { eventMessage, Events, typesOf } from '@app/events';
import type { Scope } from '@app/scope';
import { OpenStreams, piece, type Look } from '../events/open-streams.js';
import { takedownResource } from './takedown.js';

const EVENTS_AT_A_TIME = 500;

/**
 * What becomes of a takedown, as server-sent events: `progress` when something has changed, `deletion` for each that ends,
 * `finished`, and then nothing more. Their ids are places in the feed: whoever comes back with the last one misses nothing.
 */
@Injectable()
export class TakedownStream {
  constructor(
    private readonly takedowns: Takedowns,
    private readonly events: Events,
    private readonly streams: OpenStreams,
  ) {}

  /**
   * @param lastEventId of the stream that was cut off; without it, from now on
   * @throws FeedCursorInvalid, FeedCursorExpired, ProblemError `rate_limited`
   */
  async send(principal: Principal, reply: FastifyReply, id: string, lastEventId: string | undefined): Promise<void> {
    if (lastEventId !== undefined) await this.events.requireKept(lastEventId);
    this.streams.send(principal, reply, this.looks(principal.scope, id, lastEventId));
  }

  private looks(scope: Scope, id: string, lastEventId: string | undefined): () => Promise<Look> {
    const filter = { scope, takedownId: id, types: typesOf(['deletion.*']), limit: EVENTS_AT_A_TIME };
    let place = lastEventId;
    let told = '';
    return async () => {
      const cursor = place ?? (await this.events.latest());
      const progress = await this.progress(scope, id);
      const { events, next, hasMore } = await this.events.after(cursor, filter);
      place = next;
      const pieces = events.map((event) => piece('deletion', event.cursor, eventMessage(event)));
      const text = JSON.stringify(progress);
      if (text !== told) pieces.push(piece('progress', next, progress));
      told = text;
      // A transaction that stays open holds up the feed: then the last deletions are told of later.
      const isOver = progress.finished_at !== null && !hasMore && !(await this.events.hasAfter(next, id));
      if (isOver) pieces.push(piece('finished', next, progress));
      return { pieces, heartbeat: `: still here\nid: ${next}\n\n`, isBehind: hasMore, isOver };
    };
  }

  private async progress(scope: Scope, id: string) {
    const takedown = await this.takedowns.get(scope, id);
    const progress = await this.takedowns.recentProgress(takedown);
    const { eta } = progress;
    const resource = takedownResource(takedown, progress);
    const { state, accepted, already_open, already_deleted, rejected, counts, finished_at } = resource;
    // To the minute: with every second another one, each look would be news.
    const etaMinute = eta && new Date(Math.ceil(eta.getTime() / 60_000) * 60_000).toISOString();
    return { id, state, accepted, already_open, already_deleted, rejected, counts, eta: etaMinute, finished_at };
  }
}
