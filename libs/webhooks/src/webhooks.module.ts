import { Module, type ValueProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '@app/database';
import { EventsModule } from '@app/events';
import { QueueModule } from '@app/queue';
import { webhooksEntities } from './entities.js';
import { DeliveryLog } from './delivery-log.js';
import { WEBHOOKS_OPTIONS, type WebhooksOptions } from './options.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookEndpoints } from './webhook-endpoints.js';
import { WebhookFanOut } from './webhook-fan-out.js';
import { WebhookSender } from './webhook-sender.js';

const services = [DeliveryLog, WebhookDeliveries, WebhookEndpoints, WebhookFanOut, WebhookSender];

@Module({
  imports: [DatabaseModule, EventsModule, QueueModule, TypeOrmModule.forFeature(webhooksEntities)],
  providers: services,
  exports: services,
})
export class WebhooksModule {
  static settings(options: WebhooksOptions): ValueProvider[] {
    return [{ provide: WEBHOOKS_OPTIONS, useValue: options }];
  }
}
