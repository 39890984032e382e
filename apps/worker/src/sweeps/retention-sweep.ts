import { Inject, Injectable } from '@nestjs/common';
import { Events } from '@app/events';
import { CallbackProcessing } from '@app/merchants';
import { ProcessMetrics } from '@app/telemetry';
import { WebhookDeliveries, WebhookFanOut } from '@app/webhooks';
import type { Step } from './step.js';

/** The injection token of RecordDays. */
export const RECORD_DAYS = Symbol('RecordDays');

/** With `callback_events` goes all that came by pushes and authorizations. */
const TABLES = ['events', 'webhook_deliveries', 'callback_events'] as const;

/** How many days the operators keep what tells of the work, by table. */
export type RecordDays = Record<(typeof TABLES)[number], number>;

interface Kept {
  forget: (days: number) => Promise<void>;
  /** The moment from which the days of the oldest row count. */
  oldestAt: () => Promise<Date | undefined>;
}

const DAY_MS = 86_400_000;

/** Forgets what has been kept for as long as the operators want, and tells how far that is behind. */
@Injectable()
export class RetentionSweep {
  private readonly kept: Record<keyof RecordDays, Kept>;

  constructor(
    events: Events,
    fanOut: WebhookFanOut,
    deliveries: WebhookDeliveries,
    callbacks: CallbackProcessing,
    private readonly metrics: ProcessMetrics,
    @Inject(RECORD_DAYS) private readonly days: RecordDays,
  ) {
    this.kept = {
      events: { forget: (days) => fanOut.forgetEvents(days), oldestAt: () => events.oldestAt() },
      webhook_deliveries: {
        forget: (days) => deliveries.forgetOld(days),
        oldestAt: () => deliveries.oldestEndAt(),
      },
      callback_events: { forget: (days) => callbacks.forgetOld(days), oldestAt: () => callbacks.oldestAt() },
    };
  }

  steps(): Step[] {
    return TABLES.map((table) => () => this.forget(table));
  }

  private async forget(table: keyof RecordDays): Promise<void> {
    const { forget, oldestAt } = this.kept[table];
    const days = this.days[table];
    try {
      await forget(days);
    } finally {
      const oldest = await oldestAt();
      const lateMs = oldest ? Date.now() - days * DAY_MS - oldest.getTime() : 0;
      this.metrics.retentionLag.set({ table }, Math.max(0, lateMs) / 1_000);
    }
  }
}
