import { z } from 'zod';
import { eventPatternSchema } from '../events/event.js';
import { pageSchema } from '../http/requests/page.js';
import { momentSchema } from '../http/requests/moment.js';
import { listWebhookDeliveriesSchema } from './webhook-endpoint.js';

export const listAllDeliveriesSchema = listWebhookDeliveriesSchema.extend({
  endpoint: z.uuid().optional(),
  type: eventPatternSchema.optional(),
  since: momentSchema.optional().meta({ description: 'Made from this moment on.' }),
  until: momentSchema.optional().meta({ description: 'Made before this moment.' }),
});
export type ListAllDeliveries = z.output<typeof listAllDeliveriesSchema>;

export const resendDeliveriesSchema = z
  .strictObject({
    since: momentSchema.meta({ description: 'Those that were made from this moment on …' }),
    until: momentSchema.meta({ description: '… and before this one.' }),
    states: z
      .array(z.enum(['delivered', 'failed']))
      .min(1)
      .max(2)
      .default(['failed']),
    endpoint: z.uuid().optional().meta({ description: 'Absent: all that are enabled.' }),
    event_types: z.array(eventPatternSchema).min(1).max(50).optional(),
    cursor: pageSchema.shape.cursor.meta({ description: 'The next_cursor of the answer before.' }),
  })
  .refine(({ since, until }) => since < until, { path: ['until'], message: 'must be later than since' })
  .meta({
    id: 'ResendWebhookDeliveries',
    examples: [
      { since: '2026-11-29T08:00:00Z', until: '2026-11-29T10:00:00Z' },
      { since: '2026-11-29T08:00:00Z', until: '2026-11-29T10:00:00Z', states: ['failed', 'delivered'] },
    ],
  });
export type ResendDeliveries = z.output<typeof resendDeliveriesSchema>;

export const resentDeliveriesSchema = z
  .object({
    resent: z.int(),
    next_cursor: z.string().nullable().meta({ description: 'Null: these were the last. Else ask again with it.' }),
  })
  .meta({ id: 'ResentWebhookDeliveries' });
