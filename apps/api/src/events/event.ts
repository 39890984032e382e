import { z } from 'zod';
import { eventTypes, isEventPattern, readFeedCursor } from '@app/events';
import { appidSchema } from '../http/requests/appid.js';
import { wholeNumberSchema } from '../http/requests/whole-number.js';

/** Also the body of a webhook. */
export const eventSchema = z
  .object({
    id: z.string().meta({ description: 'Also the webhook-id of its deliveries.' }),
    type: z.string().meta({ enum: eventTypes }),
    timestamp: z.string(),
    data: z.record(z.string(), z.unknown()).meta({
      description:
        'component_appid and merchant where it is about one; id of the deletion or takedown; and what the ' +
        'type tells: see docs/webhooks.md.',
    }),
  })
  .meta({ id: 'Event' });

export const eventPatternSchema = z
  .string()
  .max(100)
  .refine(isEventPattern, 'must be a type of event, such as deletion.failed, or a pattern: deletion.*, *')
  .meta({ description: 'A type, all types of a subject (`deletion.*`), or all (`*`).' });

const cursorSchema = z
  .string()
  .max(40)
  .refine((text) => text === 'latest' || isCursor(text), 'must be "latest" or a next_cursor')
  .meta({ description: 'The next_cursor of the page before; `latest` to start now; absent: from the oldest kept.' });

export const listEventsSchema = z.strictObject({
  limit: wholeNumberSchema(1, 1_000).default(100),
  cursor: cursorSchema.optional(),
  type: eventPatternSchema.optional(),
  merchant: appidSchema.optional(),
  takedown: z.uuid().optional(),
});
export type ListEvents = z.output<typeof listEventsSchema>;

export const followEventsSchema = listEventsSchema.omit({ limit: true, cursor: true }).extend({
  after: cursorSchema.optional().meta({ description: 'An id, or a next_cursor. Absent, or latest: from now.' }),
});
export type FollowEvents = z.output<typeof followEventsSchema>;

export const eventPageSchema = z.object({
  data: z.array(eventSchema),
  next_cursor: z.string().meta({ description: 'Never null: ask again with it for what happens later.' }),
  has_more: z
    .boolean()
    .meta({ description: 'True: ask again at once. A page may be short, or empty, and yet not the last.' }),
});

function isCursor(text: string): boolean {
  try {
    readFeedCursor(text);
    return true;
  } catch {
    return false;
  }
}
