import { z } from 'zod';
import { eventDataSchemas, eventTypes, type EventType } from '@app/events';
import { TEST_EVENT_TYPE } from '@app/webhooks';
import { eventTypeWords } from '@app/words';
import type { JsonSchema } from './operation.js';

/** What every event of a subject says of what it is about. */
const SUBJECTS = {
  deletion: {
    id: z.string().meta({ description: 'The deletion.' }),
    takedown_id: z.string().nullable().meta({ description: 'The takedown that made it.' }),
  },
  takedown: {
    id: z.string().meta({ description: 'The takedown.' }),
    component_appid: z.string().optional(),
    merchant: z.string().optional(),
  },
  merchant: { component_appid: z.string(), merchant: z.string().meta({ description: 'authorizer_appid' }) },
  platform: { component_appid: z.string() },
  webhook: {},
};

const messageOf = (type: string, data: z.ZodObject) =>
  z
    .object({
      id: z.string().meta({ description: 'Also the webhook-id of its deliveries.' }),
      type: z.literal(type),
      timestamp: z.string().meta({ format: 'date-time', description: 'When it happened.' }),
      data,
    })
    .meta({ id: nameOf(type), description: data.meta()?.description });

/** `deletion.succeeded` → `DeletionSucceededEvent` */
const nameOf = (type: string) =>
  `${type.replace(/(^|[._])(\w)/g, (_whole, _stop, letter: string) => letter.toUpperCase())}Event`;

function eventMessageOf(type: EventType) {
  const schema: z.ZodObject = eventDataSchemas[type];
  const subject = type.split('.')[0] as keyof typeof SUBJECTS;
  const described = schema.meta()?.description;
  return messageOf(type, schema.extend(SUBJECTS[subject]).meta({ description: described }));
}

/** The body of each webhook, by type. */
const messages = new Map<string, z.ZodType>([
  ...eventTypes.map((type) => [type, eventMessageOf(type)] as const),
  [
    TEST_EVENT_TYPE,
    messageOf(
      TEST_EVENT_TYPE,
      z.object({ endpoint_id: z.string() }).meta({ description: 'Somebody tries the endpoint out.' }),
    ),
  ],
]);

/** A type without words of its own is that which nobody waits for. */
const summaryOf = (type: string) =>
  type in eventTypeWords ? eventTypeWords[type as EventType].en : 'An endpoint is tried out';

/** @param schemaOf keeps a schema among the components */
export function describeWebhooks(schemaOf: (schema: z.ZodType) => JsonSchema) {
  const webhooks: Record<string, { post: object }> = {};
  for (const [type, message] of messages) {
    webhooks[type] = {
      post: {
        operationId: `on${nameOf(type).replace(/Event$/, '')}`,
        summary: summaryOf(type),
        description: `${message.meta()?.description ?? ''} Sent to endpoints whose \`event_types\` have it.`,
        tags: ['webhooks'],
        security: [],
        parameters: HEADERS,
        requestBody: { required: true, content: { 'application/json': { schema: schemaOf(message) } } },
        responses: ANSWERS,
      },
    };
  }
  return webhooks;
}

/** Any event of the feed. */
export const eventComponent = (): JsonSchema => ({
  oneOf: eventTypes.map((type) => ({ $ref: refOf(type) })),
  discriminator: {
    propertyName: 'type',
    mapping: Object.fromEntries(eventTypes.map((type) => [type, refOf(type)])),
  },
});

const refOf = (type: string) => `#/components/schemas/${nameOf(type)}`;

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});
const HEADERS = [
  header('webhook-id', 'The id of the event: the same in every attempt.'),
  header('webhook-timestamp', 'Seconds since 1970, when this attempt was made.'),
  header('webhook-signature', 'One or two signatures over id, timestamp and raw body, as Standard Webhooks has them.'),
];

const ANSWERS = {
  '2XX': { description: 'It is yours now. Answer within ten seconds, and do the work later.' },
  410: { description: 'You are gone: the endpoint is disabled at once.' },
  default: { description: 'Anything else, a redirect too: it is tried again, 19 times within about a day.' },
};
