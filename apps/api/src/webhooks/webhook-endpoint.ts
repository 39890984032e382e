import { z } from 'zod';
import { eventTypes } from '@app/events';
import {
  isWebhookUrl,
  TEST_EVENT_TYPE,
  type EndpointChanges,
  type WebhookDelivery,
  type WebhookEndpoint,
} from '@app/webhooks';
import { eventPatternSchema } from '../events/event.js';
import { appidSchema } from '../http/requests/appid.js';
import { pageSchema } from '../http/requests/page.js';
import { textSchema } from '../http/requests/text.js';

const appidsSchema = z.array(appidSchema).min(1).max(1_000).nullable();

const settingsShape = {
  url: textSchema(2_000)
    .refine(isWebhookUrl, 'must be an http(s) URL without user, password and fragment')
    .meta({ description: 'A public address, unless WEBHOOKS_ALLOW_PRIVATE is set.' }),
  event_types: z.array(eventPatternSchema).min(1).max(50),
  description: textSchema(500).nullable().optional(),
};

const scopeShape = {
  platforms: appidsSchema
    .optional()
    .meta({ description: 'Only events of these platforms. Absent: of all that the API key may reach.' }),
  merchants: appidsSchema
    .optional()
    .meta({ description: 'Only events of these merchants. Absent: of all that the API key may reach.' }),
};

export const createWebhookEndpointSchema = z.strictObject({ ...settingsShape, ...scopeShape }).meta({
  id: 'CreateWebhookEndpoint',
  examples: [{ url: 'https://hooks.example.com/retract', event_types: ['deletion.*', 'merchant.unauthorized'] }],
});
export type CreateWebhookEndpoint = z.output<typeof createWebhookEndpointSchema>;

/** A caller who sees the endpoint reads its log, which tells of all that the endpoint ever heard. */
const neverSchema = z
  .never({ error: 'cannot be changed: what an endpoint hears of stays as it was made. Make a new one' })
  .optional();

export const updateWebhookEndpointSchema = z
  .strictObject({
    ...settingsShape,
    state: z.enum(['enabled', 'disabled']).meta({ description: 'Disabling gives up what is pending.' }),
    platforms: neverSchema,
    merchants: neverSchema,
  })
  .partial()
  .meta({ id: 'UpdateWebhookEndpoint', examples: [{ event_types: ['*'], state: 'enabled' }] });
export type UpdateWebhookEndpoint = z.output<typeof updateWebhookEndpointSchema>;

export const rotateWebhookSecretSchema = z
  .strictObject({
    overlap_hours: z
      .number()
      .min(0)
      .max(168)
      .default(24)
      .meta({ description: 'How long the old secret signs as well.' }),
  })
  // A request without a body is one without wishes.
  .prefault({})
  .meta({ id: 'RotateWebhookSecret', examples: [{ overlap_hours: 48 }, {}] });
export type RotateWebhookSecret = z.output<typeof rotateWebhookSecretSchema>;

/** Without its secrets: each is shown once, when it is made. */
export const webhookEndpointSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string().nullable(),
    event_types: z.array(z.string()),
    platforms: z.array(z.string()).nullable(),
    merchants: z.array(z.string()).nullable(),
    state: z.enum(['enabled', 'disabled']),
    disabled_reason: z.enum(['failing', 'gone', 'request']).nullable().meta({
      description: 'failing: nothing got through for a day; gone: it answered 410; request: somebody disabled it.',
    }),
    failing_since: z.string().nullable().meta({ description: 'Null while deliveries get through.' }),
    last_delivered_at: z.string().nullable(),
    previous_secret_until: z.string().nullable().meta({ description: 'Until when the secret before signs as well.' }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'WebhookEndpoint' });

export const webhookEndpointWithSecretSchema = webhookEndpointSchema
  .extend({
    secret: z.string().meta({ description: 'Shown this once. Verifies the signatures of Standard Webhooks.' }),
  })
  .meta({ id: 'WebhookEndpointWithSecret' });

export function webhookEndpointResource(endpoint: WebhookEndpoint): z.input<typeof webhookEndpointSchema> {
  const { previousSecretUntil } = endpoint;
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes,
    platforms: endpoint.platforms,
    merchants: endpoint.merchants,
    state: endpoint.state,
    disabled_reason: endpoint.disabledReason,
    failing_since: endpoint.failingSince?.toISOString() ?? null,
    last_delivered_at: endpoint.lastDeliveredAt?.toISOString() ?? null,
    previous_secret_until:
      previousSecretUntil && previousSecretUntil > new Date() ? previousSecretUntil.toISOString() : null,
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  };
}

export const endpointChanges = (body: UpdateWebhookEndpoint): EndpointChanges => ({
  url: body.url,
  eventTypes: body.event_types,
  description: body.description,
  state: body.state,
});

const deliveryStateSchema = z.enum(['pending', 'delivered', 'failed']);

export const listWebhookDeliveriesSchema = pageSchema.extend({ state: deliveryStateSchema.optional() });
export type ListWebhookDeliveries = z.output<typeof listWebhookDeliveriesSchema>;

export const webhookDeliverySchema = z
  .object({
    id: z.string(),
    endpoint_id: z.string(),
    event_id: z.string().meta({ description: 'The webhook-id that the receiver sees, in every attempt.' }),
    event_type: z.string().meta({ enum: [...eventTypes, TEST_EVENT_TYPE] }),
    state: deliveryStateSchema,
    attempts: z.int().meta({ description: 'Since it was last asked for.' }),
    resends: z.int().meta({ description: 'How often somebody had it sent again.' }),
    last_status: z.int().nullable().meta({ description: 'HTTP status of the last attempt, if it had an answer.' }),
    last_error: z
      .string()
      .nullable()
      .meta({ description: 'Why the last attempt had no answer, e.g. timeout, private_address, endpoint_disabled.' }),
    next_attempt_at: z.string().nullable(),
    payload: z.unknown().meta({
      description: 'The body as it is sent.',
      anyOf: [{ $ref: '#/components/schemas/Event' }, { $ref: '#/components/schemas/WebhookTestEvent' }],
    }),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

export function webhookDeliveryResource(delivery: WebhookDelivery): z.input<typeof webhookDeliverySchema> {
  return {
    id: delivery.id,
    endpoint_id: delivery.endpointId,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    state: delivery.state,
    attempts: delivery.attempts,
    resends: delivery.resends,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
    next_attempt_at: delivery.state === 'pending' ? delivery.nextAttemptAt.toISOString() : null,
    payload: delivery.payload,
    created_at: delivery.createdAt.toISOString(),
    finished_at: delivery.finishedAt?.toISOString() ?? null,
  };
}
