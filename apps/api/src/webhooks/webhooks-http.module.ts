import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { WebhooksModule } from '@app/webhooks';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

@Module({ imports: [AccessModule, WebhooksModule], controllers: [WebhookEndpointsController] })
export class WebhooksHttpModule {}
