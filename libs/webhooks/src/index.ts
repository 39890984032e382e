export { webhooksEntities } from './entities.js';
export {
  WebhookAddressPrivate,
  WebhookDeliveryNotFound,
  WebhookEndpointDisabled,
  WebhookEndpointNotFound,
  WebhookEndpointsTooMany,
  WebhookScopeTooWide,
  WebhooksError,
} from './errors.js';
export { webhookAttempts, type WebhookAttempt } from './attempts.js';
export { DeliveryLog } from './delivery-log.js';
export type { RetrySchedule } from './after-attempt.js';
export type { WebhooksOptions } from './options.js';
export { COUNTED_AT_MOST, TEST_EVENT_TYPE, WebhookDeliveries } from './webhook-deliveries.js';
export { type DeliveryState, WebhookDelivery } from './webhook-delivery.entity.js';
export {
  WebhookEndpoints,
  type Alongside,
  type EndpointChanges,
  type EndpointSettings,
  type WebhookEndpoint,
} from './webhook-endpoints.js';
export { WebhookFanOut } from './webhook-fan-out.js';
export { WebhookSender } from './webhook-sender.js';
export { isWebhookUrl } from './outbound/webhook-url.js';
export { WebhooksModule } from './webhooks.module.js';
