import { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '@app/access';
import { ProblemError } from '../http/problems/problem.js';

/**
 * Of one key, and of a tenant's keys together, in this process. Each asks the database about once a second, which the
 * rate of requests does not count.
 */
const MAX_OPEN = 20;
const MAX_OPEN_OF_TENANT = 50;

/** For OpenStreams: so long a client may leave unread what it was sent. */
export const UNREAD_MS = Symbol('UNREAD_MS');

/** Streams of server-sent events, of whatever they tell: how many there may be, and when they end. */
@Injectable()
export class OpenStreams implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  /** How many are open, by the id of their key, and by their tenant. */
  private readonly open = new Map<string, number>();

  constructor(@Inject(UNREAD_MS) private readonly unreadMs: number) {}

  /** Open streams would keep the process from ending. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * @param pieces what is sent; its signal says that nobody reads any more, or that the process ends
   * @throws ProblemError `rate_limited`
   */
  send(principal: Principal, reply: FastifyReply, pieces: (signal: AbortSignal) => AsyncIterable<string>): void {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    // Closed while the request was looked at: that is not told again.
    if (reply.raw.destroyed) gone.abort();
    this.takePlace(principal, gone.signal);
    const signal = AbortSignal.any([gone.signal, this.stopping.signal]);
    void reply
      .type('text/event-stream')
      // A proxy that gathers or keeps them would make events of little use.
      .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' })
      .send(Readable.from(this.read(pieces(signal), reply)));
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

/** At least so much between two looks; more, where a look takes long. */
export const LOOK_EVERY_MS = 1_000;

/** Proxies cut connections on which nothing comes. */
/** For the description of the API. */
export const EVENT_STREAM = { type: 'string', contentMediaType: 'text/event-stream' };

export const HEARTBEAT_MS = 15_000;

export const piece = (event: string, id: string, data: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
