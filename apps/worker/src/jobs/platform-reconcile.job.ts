import { Injectable } from '@nestjs/common';
import { Platforms, Reconciliation } from '@app/merchants';
import type { JobData } from '@app/queue';

/**
 * Started by the sweep once a day for each platform. Compares WeChat's list of authorizers with our merchants and mends what
 * lost events left behind. Running it twice does no harm: the second run finds nothing to mend.
 */
@Injectable()
export class PlatformReconcileJob {
  constructor(
    private readonly platforms: Platforms,
    private readonly reconciliation: Reconciliation,
  ) {}

  async handle(data: JobData<'platform.reconcile'>): Promise<void> {
    await this.reconciliation.run(await this.platforms.byId(data.platform_id), data.request_id);
  }
}
