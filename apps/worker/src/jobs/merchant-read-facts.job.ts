import { Injectable } from '@nestjs/common';
import { FactsWait } from '@app/deletions';
import { GrantExchange, GrantLost } from '@app/merchants';
import type { JobData } from '@app/queue';

/**
 * Started by a reconciliation that found something new, and by the sweep for facts older than a day. Reads what kind of
 * account it is and what it granted, for which deletions may wait. Running it twice does no harm: what was read under an older grant is not kept.
 */
@Injectable()
export class MerchantReadFactsJob {
  constructor(
    private readonly grants: GrantExchange,
    private readonly factsWait: FactsWait,
  ) {}

  async handle(data: JobData<'merchant.read-facts'>): Promise<void> {
    try {
      await this.grants.refreshFacts(data.merchant_id);
    } catch (error) {
      // That the grant is gone is what was to be found out, and it is stored.
      if (!(error instanceof GrantLost)) throw error;
    }
    await this.factsWait.wake(data.merchant_id);
  }
}
