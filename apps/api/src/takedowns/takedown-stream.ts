import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiKeys, type Principal } from '@app/access';
import { pause } from '@app/concurrency';
import { Takedowns } from '@app/deletions';
import { eventMessage, Events, typesOf } from '@app/events';
import type { Scope } from '@app/scope';
import { HEARTBEAT_MS, LOOK_EVERY_MS, OpenStreams, piece } from '../events/open-streams.js';
import { takedownResource } from './takedown.js';

const EVENTS_AT_A_TIME = 500;
/**
 * What becomes of a takedown, as server-sent events: `progress` when something has changed, `deletion` for each that ends,
 * `finished`, and then nothing more. Their ids are places in the feed: whoever comes back with the last one misses nothing.
 */
@Injectable()
export class TakedownStream {
  constructor(
    private readonly keys: ApiKeys,
    private readonly takedowns: Takedowns,
    private readonly events: Events,
    private readonly streams: OpenStreams,
  ) {}

  /**
   * @param lastEventId of the stream that was cut off; without it, from now on
   * @throws ProblemError `rate_limited`
   */
  send(principal: Principal, reply: FastifyReply, id: string, lastEventId: string | undefined): void {
    this.streams.send(principal, reply, (signal) => this.pieces(principal, id, lastEventId, signal));
  }

  private async *pieces(
    principal: Principal,
    id: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const { scope } = principal;
    let cursor = lastEventId ?? (await this.events.latest());
    let told = '';
    let toldAt = performance.now();
    // A takedown can take days: a key that was revoked meanwhile, or has ended, reads no further.
    while (!signal.aborted && (await this.keys.isWorking(principal))) {
      const lookedAt = performance.now();
      const progress = await this.look(scope, id);
      const filter = { scope, takedownId: id, types: typesOf(['deletion.*']), limit: EVENTS_AT_A_TIME };
      const { events, next, hasMore } = await this.events.after(cursor, filter);
      for (const event of events) yield piece('deletion', event.cursor, eventMessage(event));
      cursor = next;
      const text = JSON.stringify(progress);
      const isQuiet = text === told && events.length === 0;
      if (text !== told) yield piece('progress', cursor, progress);
      if (isQuiet && performance.now() - toldAt > HEARTBEAT_MS) yield ': still here\n\n';
      if (!isQuiet || performance.now() - toldAt > HEARTBEAT_MS) toldAt = performance.now();
      told = text;
      // A transaction that stays open holds up the feed: then the last deletions are told of later.
      if (progress.finished_at !== null && !hasMore && !(await this.events.hasAfter(cursor, id))) {
        yield piece('finished', cursor, progress);
        return;
      }
      const pauseMs = Math.max(LOOK_EVERY_MS, 10 * (performance.now() - lookedAt));
      if (!hasMore) await pause(pauseMs, signal);
    }
  }

  private async look(scope: Scope, id: string) {
    const takedown = await this.takedowns.get(scope, id);
    const progress = await this.takedowns.progress(takedown);
    const { eta } = progress;
    const resource = takedownResource(takedown, progress);
    const { state, accepted, already_open, already_deleted, rejected, counts, finished_at } = resource;
    // To the minute: with every second another one, each look would be news.
    const etaMinute = eta && new Date(Math.ceil(eta.getTime() / 60_000) * 60_000).toISOString();
    return { id, state, accepted, already_open, already_deleted, rejected, counts, eta: etaMinute, finished_at };
  }
}
