import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookEndpointRow } from './webhook-endpoint.entity.js';
import { WebhookFeed } from './webhook-feed.entity.js';

/** The tables of this lib: for its module, and for tools and tests that open a data source of their own. */
export const webhooksEntities = [WebhookEndpointRow, WebhookDelivery, WebhookFeed];
