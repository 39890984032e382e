import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Loop } from '@app/concurrency';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { WebhookDeliveries } from './webhook-deliveries.js';

const LOOK_EVERY_MS = 500;
const EVENTS_AT_A_TIME = 500;

/**
 * Turns the events feed into deliveries. Every worker has one; the row that remembers the place in the feed is locked
 * by whoever moves on from it, and the others pass by.
 */
@Injectable()
export class WebhookFanOut {
  private readonly logger = new Logger(WebhookFanOut.name);
  private readonly loop = new Loop((stopping) => this.look(stopping), {
    everyMs: LOOK_EVERY_MS,
    onError: (error) => this.logger.warn('webhooks look again soon', { error }),
  });

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(stopping: AbortSignal): Promise<void> {
    let hasMore = await this.readOn();
    await this.deliveries.enqueueWaiting();
    while (hasMore && !stopping.aborted) hasMore = await this.readOn();
  }

  /** Deliveries and the place in the feed are one transaction: no event is passed over, none is planned twice. */
  async readOn(): Promise<boolean> {
    // Most looks find nothing: they lock nothing and write nothing.
    const ahead = await this.events.after(await this.place(), { limit: 1 });
    if (ahead.events.length === 0) return false;
    return this.dataSource.transaction(async (tx) => {
      const [place] = await rows<{ cursor: string }>(
        tx,
        `SELECT cursor FROM webhook_feed WHERE id = 1 FOR UPDATE SKIP LOCKED`,
      );
      if (!place) return false;
      const { events, next, hasMore } = await this.events.after(place.cursor, { limit: EVENTS_AT_A_TIME }, tx);
      if (events.length === 0) return false;
      await this.deliveries.plan(tx, events);
      await tx.query(`UPDATE webhook_feed SET cursor = $1 WHERE id = 1`, [next]);
      return hasMore;
    });
  }

  /** Forgets events of longer ago, but none of which webhooks are yet to be made. */
  async forgetEvents(days: number): Promise<void> {
    const place = await this.place();
    if (place !== undefined) await this.events.forgetOld(days, place);
  }

  private async place(): Promise<string | undefined> {
    const [place] = await rows<{ cursor: string }>(this.dataSource, `SELECT cursor FROM webhook_feed WHERE id = 1`);
    return place?.cursor;
  }
}
