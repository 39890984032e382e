import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { EventsModule } from '@app/events';
import { MerchantsModule } from '@app/merchants';
import { WebhooksModule } from '@app/webhooks';
import { HealthHttpModule } from '../health/health-http.module.js';
import { DeletionFacts } from './deletion-facts.js';
import { OverviewFacts } from './overview-facts.js';
import { OverviewController } from './overview.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, EventsModule, HealthHttpModule, MerchantsModule, WebhooksModule],
  controllers: [OverviewController],
  providers: [DeletionFacts, OverviewFacts],
})
export class OverviewHttpModule {}
