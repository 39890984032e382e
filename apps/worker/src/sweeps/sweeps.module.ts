import { Module, type ValueProvider } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DatabaseModule } from '@app/database';
import { DeletionsModule } from '@app/deletions';
import { EventsModule } from '@app/events';
import { MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { TelemetryModule } from '@app/telemetry';
import { WebhooksModule } from '@app/webhooks';
import { DeletionUpkeep } from './deletion-upkeep.js';
import { FactsWatch } from './facts-watch.js';
import { GrantUpkeep } from './grant-upkeep.js';
import { InboxSweep } from './inbox-sweep.js';
import { RecordSweep } from './record-sweep.js';
import { RECORD_DAYS, RetentionSweep, type RecordDays } from './retention-sweep.js';
import { Sweeper } from './sweeper.js';

@Module({
  imports: [
    AccessModule,
    DatabaseModule,
    DeletionsModule,
    EventsModule,
    MerchantsModule,
    QueueModule,
    TelemetryModule,
    WebhooksModule,
  ],
  providers: [DeletionUpkeep, FactsWatch, GrantUpkeep, InboxSweep, RecordSweep, RetentionSweep, Sweeper],
  exports: [FactsWatch, Sweeper],
})
export class SweepsModule {
  static settings(days: RecordDays): ValueProvider[] {
    return [{ provide: RECORD_DAYS, useValue: days }];
  }
}
