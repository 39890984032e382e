import { Injectable } from '@nestjs/common';
import { Forwards } from '@app/merchants';
import { RetryAfter, type JobData } from '@app/queue';

/**
 * Started by a recorded push of a platform with forward_urls, or by the sweep if that job was lost. Sends the push on
 * and stores the outcome. Running it twice does no harm: what is delivered or given up is left alone, and receivers know
 * repeated pushes.
 */
@Injectable()
export class CallbackForwardJob {
  constructor(private readonly forwards: Forwards) {}

  async handle(data: JobData<'callback.forward'>): Promise<void> {
    const next = await this.forwards.deliver(data.callback_forward_id);
    if (next) throw new RetryAfter(next.retryAfterMs);
  }
}
