import { Module, type DynamicModule } from '@nestjs/common';
import { EventsModule } from '@app/events';
import { DeliveryLog } from './delivery-log.js';
import { WEBHOOKS_OPTIONS, type WebhooksOptions } from './options.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookEndpoints } from './webhook-endpoints.js';
import { WebhookFanOut } from './webhook-fan-out.js';
import { WebhookSender } from './webhook-sender.js';

@Module({})
export class WebhooksModule {
  static forRoot(options: WebhooksOptions): DynamicModule {
    const services = [DeliveryLog, WebhookDeliveries, WebhookEndpoints, WebhookFanOut, WebhookSender];
    return {
      module: WebhooksModule,
      imports: [EventsModule],
      providers: [...services, { provide: WEBHOOKS_OPTIONS, useValue: options }],
      exports: services,
    };
  }
}
