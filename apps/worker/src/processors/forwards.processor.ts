import { Processor } from '@nestjs/bullmq';
import { Forwards } from '@app/merchants';
import { JobHost, RetryAfter, type JobHandlers } from '@app/queue';

@Processor('forwards')
export class ForwardsProcessor extends JobHost<'forwards'> {
  constructor(private readonly forwards: Forwards) {
    super();
  }

  protected readonly handlers: JobHandlers<'forwards'> = {
    /**
     * Started by a recorded push of a platform with forward_urls, or by the sweep if that job was lost. Sends the push
     * on and stores the outcome. Running it twice does no harm: what is delivered or given up is left alone, and
     * receivers know repeated pushes.
     */
    'callback.forward': async ({ callback_forward_id }) => {
      const next = await this.forwards.deliver(callback_forward_id);
      if (next) throw new RetryAfter(next.retryAfterMs);
    },
  };
}
