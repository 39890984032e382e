import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ApiKeys, type Principal } from '@app/access';
import { pause } from '@app/concurrency';
import { Takedowns } from '@app/deletions';
import { eventMessage, Events, typesOf } from '@app/events';
import type { Scope } from '@app/scope';
import { ProblemError } from '../http/problems/problem.js';
import { takedownResource } from './takedown.js';

/** For the description of the API. */
export const EVENT_STREAM = { type: 'string', contentMediaType: 'text/event-stream' };

/** At least so much between two looks; more, where a look takes long. */
const LOOK_EVERY_MS = 1_000;
/** Proxies cut connections on which nothing comes. */
const HEARTBEAT_MS = 15_000;
const EVENTS_AT_A_TIME = 500;
/** Of one key, and of a tenant's keys together, in this process. Each asks the database about once a second, which the rate of requests does not count. */
const MAX_OPEN = 20;
const MAX_OPEN_OF_TENANT = 50;

/**
 * What becomes of a takedown, as server-sent events: `progress` when something has changed, `deletion` for each that ends,
 * `finished`, and then nothing more. Their ids are places in the feed: whoever comes back with the last one misses nothing.
 */
@Injectable()
export class TakedownStream implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  /** How many are open, by the id of their key, and by their tenant. */
  private readonly open = new Map<string, number>();

  constructor(
    private readonly keys: ApiKeys,
    private readonly takedowns: Takedowns,
    private readonly events: Events,
  ) {}

  /** Open streams would keep the process from ending. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * @param lastEventId of the stream that was cut off; without it, from now on
   * @param gone when nobody reads any more
   * @throws ProblemError `rate_limited`
   * @throws FeedCursorInvalid, with the first piece
   */
  follow(principal: Principal, id: string, lastEventId: string | undefined, gone: AbortSignal): AsyncGenerator<string> {
    this.takePlace(principal, gone);
    return this.pieces(principal, id, lastEventId, gone);
  }

  private takePlace({ apiKeyId, tenant }: Principal, gone: AbortSignal): void {
    if (gone.aborted) return;
    if ((this.open.get(apiKeyId) ?? 0) >= MAX_OPEN) {
      throw new ProblemError('rate_limited', `The key has ${MAX_OPEN} streams open: close one first.`);
    }
    if (tenant !== null && (this.open.get(tenant) ?? 0) >= MAX_OPEN_OF_TENANT) {
      throw new ProblemError('rate_limited', `The tenant has ${MAX_OPEN_OF_TENANT} streams open: close one first.`);
    }
    for (const name of tenant === null ? [apiKeyId] : [apiKeyId, tenant]) {
      this.open.set(name, (this.open.get(name) ?? 0) + 1);
      gone.addEventListener('abort', () => this.leavePlace(name), { once: true });
    }
  }

  private leavePlace(name: string): void {
    const places = this.open.get(name) ?? 0;
    if (places > 1) this.open.set(name, places - 1);
    else this.open.delete(name);
  }

  private async *pieces(
    { apiKeyId, scope }: Principal,
    id: string,
    lastEventId: string | undefined,
    gone: AbortSignal,
  ): AsyncGenerator<string> {
    const signal = AbortSignal.any([gone, this.stopping.signal]);
    let cursor = lastEventId ?? (await this.events.latest());
    let told = '';
    let toldAt = performance.now();
    // A takedown can take days: a key that was revoked meanwhile, or has ended, reads no further.
    while (!signal.aborted && (await this.keys.isWorking(apiKeyId))) {
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

const piece = (event: string, id: string, data: object) =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
