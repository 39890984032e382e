import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { Events } from '@app/events';
import { WebhookDeliveries } from './webhook-deliveries.js';

const LOOK_EVERY_MS = 500;
const EVENTS_AT_A_TIME = 500;

/**
 * Turns the events feed into deliveries. Every worker has one; the row that remembers the place in the feed is locked by
 * whoever moves on from it, and the others pass by.
 */
@Injectable()
export class WebhookFanOut {
  private readonly logger = new Logger(WebhookFanOut.name);
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: Events,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  start(): void {
    this.loop ??= this.lookOnAndOn();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async lookOnAndOn(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        let hasMore = await this.readOn();
        await this.deliveries.enqueueWaiting();
        while (hasMore && !this.stopping.signal.aborted) hasMore = await this.readOn();
      } catch (error) {
        this.logger.warn('webhooks look again soon', { error });
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** Deliveries and the place in the feed are one transaction: no event is passed over, none is planned twice. */
  async readOn(): Promise<boolean> {
    // Most looks find nothing: they lock nothing and write nothing.
    const [seen] = await rows<{ cursor: string }>(this.dataSource, `SELECT cursor FROM webhook_feed WHERE id = 1`);
    const ahead = await this.events.after(seen?.cursor, { limit: 1 });
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
}
