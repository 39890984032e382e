import { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiKeys, type Principal } from '@app/access';
import { pause } from '@app/concurrency';
import { ProblemError } from '../http/problems/problem.js';
import { Metrics } from '../metrics/metrics.js';

/**
 * Of one key, and of a tenant's keys together, in this process. Each asks the database about once a second, which the
 * rate of requests does not count.
 */
const MAX_OPEN = 20;
const MAX_OPEN_OF_TENANT = 50;

/** For OpenStreams: so long a client may leave unread what it was sent. */
export const UNREAD_MS = Symbol('UNREAD_MS');

/** What one look at the database finds for a stream. */
export interface Look {
  pieces: string[];
  /** Sent where nothing else was for a while. */
  heartbeat: string;
  /** Whether the next look finds more at once. */
  isBehind: boolean;
  /** Nothing comes after these pieces. */
  isOver?: boolean;
}

/** Streams of server-sent events, of whatever they tell: how many there may be, how often they look, when they end. */
@Injectable()
export class OpenStreams implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  /** How many are open, by the id of their key, and by their tenant. */
  private readonly open = new Map<string, number>();

  constructor(
    @Inject(UNREAD_MS) private readonly unreadMs: number,
    private readonly keys: ApiKeys,
    private readonly metrics: Metrics,
  ) {}

  /** Open streams would keep the process from ending. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * Sends what each look finds, until one is the last or the key or the session ends.
   * @throws ProblemError `rate_limited`
   */
  send(principal: Principal, reply: FastifyReply, look: () => Promise<Look>): void {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    // Closed while the request was looked at: that is not told again.
    if (reply.raw.destroyed) gone.abort();
    this.takePlace(principal, gone.signal);
    if (!gone.signal.aborted) this.metrics.countStream(gone.signal);
    const signal = AbortSignal.any([gone.signal, this.stopping.signal]);
    void reply
      .type('text/event-stream')
      // A proxy that gathers or keeps them would make events of little use.
      .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' })
      .send(Readable.from(this.read(this.follow(principal, look, signal), reply)));
  }

  /** @param signal that nobody reads any more, or that the process ends */
  private async *follow(principal: Principal, look: () => Promise<Look>, signal: AbortSignal): AsyncGenerator<string> {
    let toldAt = performance.now();
    while (!signal.aborted && (await this.keys.isWorking(principal))) {
      const lookedAt = performance.now();
      const { pieces, heartbeat, isBehind, isOver = false } = await look();
      const tookMs = performance.now() - lookedAt;
      const isDue = pieces.length > 0 || lookedAt - toldAt > HEARTBEAT_MS;
      if (isDue) toldAt = lookedAt;
      yield* pieces;
      if (isDue && pieces.length === 0) yield heartbeat;
      if (isOver) return;
      const { tenant, apiKeyId } = principal;
      await pause(pauseAfter(tookMs, isBehind, this.open.get(tenant ?? apiKeyId) ?? 1), signal);
    }
  }

  /** Nothing is gathered for who does not read: the connection is closed, and a new one goes on where this one was. */
  private async *read(pieces: AsyncIterable<string>, reply: FastifyReply): AsyncGenerator<string> {
    for await (const piece of pieces) {
      const timer = setTimeout(() => reply.raw.destroy(), this.unreadMs);
      try {
        // Comes back when the next piece is asked for.
        yield piece;
      } finally {
        clearTimeout(timer);
      }
    }
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
}

/** At least so much between two looks that find everything. */
const LOOK_EVERY_MS = 1_000;

/**
 * After a look that took so long. Streams that are behind read on, but all that are open for a key, or for a tenant, together
 * cost no more than one list that is asked for again and again.
 */
export const pauseAfter = (tookMs: number, isBehind: boolean, open: number): number =>
  isBehind ? tookMs * open : Math.max(LOOK_EVERY_MS, 10 * tookMs);

/** Proxies cut connections on which nothing comes. */
const HEARTBEAT_MS = 15_000;

/** For the description of the API. */
export const EVENT_STREAM = { type: 'string', contentMediaType: 'text/event-stream' };

export const piece = (event: string, id: string, data: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
