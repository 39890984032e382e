import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { WebhooksModule } from '@app/webhooks';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

@Module({
  imports: [AccessModule, WebhooksModule],
  controllers: [WebhookDeliveriesController, WebhookEndpointsController],
})
export class WebhooksHttpModule {}
