import { Processor } from '@nestjs/bullmq';
import { JobHost, RetryAfter, type JobHandlers } from '@app/queue';
import { WebhookSender } from '@app/webhooks';

@Processor('webhooks')
export class WebhooksProcessor extends JobHost<'webhooks'> {
  constructor(private readonly sender: WebhookSender) {
    super();
  }

  protected readonly handlers: JobHandlers<'webhooks'> = {
    /**
     * Started by the fan-out when an endpoint wants an event and has room, or by the sweep if that job was lost. Makes
     * one attempt and stores the outcome. Running it twice does no harm: what has come to an end is left alone, and
     * receivers know repeats by their webhook-id.
     */
    'webhook.deliver': async ({ webhook_delivery_id }) => {
      const next = await this.sender.deliver(webhook_delivery_id);
      if (next) throw new RetryAfter(next.retryAfterMs);
    },
  };
}
