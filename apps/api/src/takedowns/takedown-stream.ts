import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LaneForecasts, Takedowns } from '@app/deletions';
import { eventMessage, Events, typesOf } from '@app/events';
import type { Scope } from '@app/merchants';
import { takedownResource } from './takedown.js';

/** At least so much between two looks; more, where a look takes long. */
const LOOK_EVERY_MS = 1_000;
/** Proxies cut connections on which nothing comes. */
const HEARTBEAT_MS = 15_000;
const EVENTS_AT_A_TIME = 500;

/**
 * What becomes of a takedown, as server-sent events: `progress` when something has changed, `deletion` for each that ends,
 * `finished`, and then nothing more. Their ids are places in the feed: whoever comes back with the last one misses nothing.
 */
@Injectable()
export class TakedownStream implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  constructor(
    private readonly takedowns: Takedowns,
    private readonly forecasts: LaneForecasts,
    private readonly events: Events,
  ) {}

  /** Open streams would keep the process from ending. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * @param lastEventId of the stream that was cut off; without it, from now on
   * @param gone when nobody reads any more
   * @throws FeedCursorInvalid, with the first piece
   */
  async *follow(scope: Scope, id: string, lastEventId: string | undefined, gone: AbortSignal): AsyncGenerator<string> {
    const signal = AbortSignal.any([gone, this.stopping.signal]);
    let cursor = lastEventId ?? (await this.events.latest());
    let told = '';
    let toldAt = performance.now();
    while (!signal.aborted) {
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
      if (!hasMore) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(scope: Scope, id: string) {
    const takedown = await this.takedowns.get(scope, id);
    const { eta } = await this.forecasts.ofTakedown(id, takedown.isUrgent);
    const { state, accepted, already_open, rejected, counts, finished_at } = takedownResource(takedown, {
      counts: await this.takedowns.counts(id),
      eta,
    });
    // To the minute: with every second another one, each look would be news.
    const etaMinute = eta && new Date(Math.ceil(eta.getTime() / 60_000) * 60_000).toISOString();
    return { id, state, accepted, already_open, rejected, counts, eta: etaMinute, finished_at };
  }
}

const piece = (event: string, id: string, data: object) =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
