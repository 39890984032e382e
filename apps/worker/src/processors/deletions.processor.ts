import { Processor } from '@nestjs/bullmq';
import { DeletionRunner } from '@app/deletions';
import { JobHost, type JobHandlers } from '@app/queue';

@Processor('deletions')
export class DeletionsProcessor extends JobHost<'deletions'> {
  constructor(private readonly runner: DeletionRunner) {
    super();
  }

  protected readonly handlers: JobHandlers<'deletions'> = {
    /**
     * Started by the dispatcher when a merchant's lane allows a call, or by the sweep if that job was lost. Calls
     * `mass/delete` and stores outcome and proof. Running it twice does no harm: a claim on the row lets one runner in,
     * and a call whose answer nobody saw is looked into before another is made.
     */
    'deletion.run': ({ deletion_id }, context) => this.runner.run(deletion_id, context),
  };
}
