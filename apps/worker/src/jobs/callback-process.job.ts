import { Injectable } from '@nestjs/common';
import { CallbackInbox } from '@app/merchants';
import type { JobData } from '@app/queue';

/**
 * Started by an `authorized` or `updateauthorized` push, or by the sweep if that job was lost. Exchanges the event's
 * authorization code and stores the grant. Running it twice does no harm: the code is exchanged once, under a lease, and an
 * event that is done is left alone.
 */
@Injectable()
export class CallbackProcessJob {
  constructor(private readonly inbox: CallbackInbox) {}

  async handle(data: JobData<'callback.process'>): Promise<void> {
    await this.inbox.process(data.callback_event_id);
  }
}
