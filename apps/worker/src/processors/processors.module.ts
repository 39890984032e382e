import { Module } from '@nestjs/common';
import { DeletionsModule } from '@app/deletions';
import { MerchantsModule } from '@app/merchants';
import { JobHosts, QueueModule } from '@app/queue';
import { WebhooksModule } from '@app/webhooks';
import { CallbacksProcessor } from './callbacks.processor.js';
import { DeletionsProcessor } from './deletions.processor.js';
import { FactsReading } from './facts-reading.js';
import { ForwardsProcessor } from './forwards.processor.js';
import { TokensProcessor } from './tokens.processor.js';
import { UpkeepProcessor } from './upkeep.processor.js';
import { WebhooksProcessor } from './webhooks.processor.js';

/** Runs the jobs of all queues, once JobHosts is told to start. */
@Module({
  imports: [DeletionsModule, MerchantsModule, QueueModule, WebhooksModule],
  providers: [
    FactsReading,
    ...JobHosts.of({
      callbacks: CallbacksProcessor,
      deletions: DeletionsProcessor,
      forwards: ForwardsProcessor,
      tokens: TokensProcessor,
      upkeep: UpkeepProcessor,
      webhooks: WebhooksProcessor,
    }),
  ],
  exports: [JobHosts],
})
export class ProcessorsModule {}
