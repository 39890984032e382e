import { Injectable } from '@nestjs/common';
import { Verifications } from '@app/deletions';
import type { JobData } from '@app/queue';

/**
 * Started by the sweep some time after WeChat accepted the deletion of a whole message. Looks whether the message is gone.
 * Running it twice does no harm: the second look finds nothing to verify, or looks once more.
 */
@Injectable()
export class DeletionVerifyJob {
  constructor(private readonly verifications: Verifications) {}

  async handle(data: JobData<'deletion.verify'>): Promise<void> {
    await this.verifications.look(data.deletion_id);
  }
}
