import { Processor } from '@nestjs/bullmq';
import { QuotaReading, Verifications } from '@app/deletions';
import { Platforms, Reconciliation } from '@app/merchants';
import { JobHost, type JobHandlers } from '@app/queue';
import { FactsReading } from './facts-reading.js';

@Processor('upkeep')
export class UpkeepProcessor extends JobHost<'upkeep'> {
  constructor(
    private readonly platforms: Platforms,
    private readonly reconciliation: Reconciliation,
    private readonly facts: FactsReading,
    private readonly quotas: QuotaReading,
    private readonly verifications: Verifications,
  ) {
    super();
  }

  protected readonly handlers: JobHandlers<'upkeep'> = {
    /**
     * Started by the sweep once a day for each platform. Compares WeChat's list of authorizers with our merchants and
     * mends what lost events left behind. Running it twice does no harm: the second run finds nothing to mend.
     */
    'platform.reconcile': async ({ platform_id, request_id }) => {
      await this.reconciliation.run(await this.platforms.byId(platform_id), request_id);
    },

    /**
     * Started by a reconciliation that found something new, and by the sweep for facts older than a day. Reads what
     * kind of account it is and what it granted, for which deletions may wait. Running it twice does no harm: what was
     * read under an older grant is not kept.
     */
    'merchant.read-facts': ({ merchant_id }) => this.facts.read(merchant_id),

    /**
     * Started by the sweep for merchants for whom deletions wait, when today's quota seems spent or was not asked for
     * today, and after a 45009. Asks WeChat for limit, count and rates. Running it twice does no harm: what is learned
     * is what is so.
     */
    'merchant.read-quota': ({ merchant_id }) => this.quotas.read(merchant_id),

    /**
     * Started by the sweep some time after WeChat accepted the deletion of a whole message. Looks whether the message
     * is gone. Running it twice does no harm: the second look finds nothing to verify, or looks once more.
     */
    'deletion.verify': ({ deletion_id }) => this.verifications.look(deletion_id),
  };
}
