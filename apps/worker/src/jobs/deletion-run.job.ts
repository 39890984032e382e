import { Injectable } from '@nestjs/common';
import { DeletionRun } from '@app/deletions';
import type { JobContext, JobData } from '@app/queue';

/**
 * Started by the dispatcher when a merchant's lane allows a call, or by the sweep if that job was lost. Calls
 * `mass/delete` and stores outcome and proof. Running it twice does no harm: a claim on the row lets one runner in, and a
 * call whose answer nobody saw is looked into before another is made.
 */
@Injectable()
export class DeletionRunJob {
  constructor(private readonly deletionRun: DeletionRun) {}

  async handle(data: JobData<'deletion.run'>, context: JobContext): Promise<void> {
    await this.deletionRun.run(data.deletion_id, context);
  }
}
