import { Processor } from '@nestjs/bullmq';
import { CallbackProcessing } from '@app/merchants';
import { JobHost, type JobHandlers } from '@app/queue';

@Processor('callbacks')
export class CallbacksProcessor extends JobHost<'callbacks'> {
  constructor(private readonly callbacks: CallbackProcessing) {
    super();
  }

  protected readonly handlers: JobHandlers<'callbacks'> = {
    /**
     * Started by an `authorized` or `updateauthorized` push, or by the sweep if that job was lost. Exchanges the
     * event's authorization code and stores the grant. Running it twice does no harm: the code is exchanged once, under
     * a lease, and an event that is done is left alone.
     */
    'callback.process': ({ callback_event_id }) => this.callbacks.process(callback_event_id),
  };
}
