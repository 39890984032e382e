import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { EventsModule } from '@app/events';
import { MerchantsModule } from '@app/merchants';
import { TelemetryModule } from '@app/telemetry';
import { WebhooksModule } from '@app/webhooks';
import { DeletionFacts } from './deletion-facts.js';
import { OverviewFacts } from './overview-facts.js';
import { OverviewController } from './overview.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, EventsModule, MerchantsModule, TelemetryModule, WebhooksModule],
  controllers: [OverviewController],
  providers: [DeletionFacts, OverviewFacts],
})
export class OverviewHttpModule {}
