import { Injectable } from '@nestjs/common';
import { QuotaReading } from '@app/deletions';
import type { JobData } from '@app/queue';

/**
 * Started by the sweep for merchants for whom deletions wait, when today's quota seems spent or was not asked for today, and
 * after a 45009. Asks WeChat for limit, count and rates. Running it twice does no harm: what is learned is what is so.
 */
@Injectable()
export class MerchantReadQuotaJob {
  constructor(private readonly reading: QuotaReading) {}

  handle(data: JobData<'merchant.read-quota'>): Promise<void> {
    return this.reading.read(data.merchant_id);
  }
}
