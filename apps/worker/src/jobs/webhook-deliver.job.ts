import { Injectable } from '@nestjs/common';
import { RetryAfter, type JobData } from '@app/queue';
import { WebhookSender } from '@app/webhooks';

/**
 * Started by the fan-out when an endpoint wants an event and has room, or by the sweep if that job was lost. Makes one
 * attempt and stores the outcome. Running it twice does no harm: what has come to an end is left alone, and receivers
 * know repeats by their webhook-id.
 */
@Injectable()
export class WebhookDeliverJob {
  constructor(private readonly sender: WebhookSender) {}

  async handle(data: JobData<'webhook.deliver'>): Promise<void> {
    const next = await this.sender.deliver(data.webhook_delivery_id);
    if (next) throw new RetryAfter(next.retryAfterMs);
  }
}
