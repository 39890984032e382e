import { Injectable } from '@nestjs/common';
import type { JobData } from '@app/queue';
import { MerchantReadFactsJob } from './merchant-read-facts.job.js';

/**
 * Started for merchants whose deletions wait for facts that were never read. The same as the reading that nobody waits for,
 * but in a queue where it does not stand behind others. One that fails is tried again by the next look.
 */
@Injectable()
export class MerchantReadAwaitedFactsJob {
  constructor(private readonly reading: MerchantReadFactsJob) {}

  handle(data: JobData<'merchant.read-awaited-facts'>): Promise<void> {
    return this.reading.handle(data);
  }
}
