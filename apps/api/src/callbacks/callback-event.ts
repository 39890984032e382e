import { z } from 'zod';
import type { RecordedCallback } from '@app/merchants';
import type { Scope } from '@app/scope';
import { appidSchema } from '../http/requests/appid.js';
import { pageSchema } from '../http/requests/page.js';
import { textSchema } from '../http/requests/text.js';

const stateSchema = z.enum(['pending', 'done', 'failed', 'unreadable']).meta({
  description: 'unreadable: signed by WeChat, but not all of its text can be read; what can be was acted upon.',
});

export const listCallbackEventsSchema = pageSchema.extend({
  component_appid: appidSchema.optional(),
  kind: textSchema(100)
    .min(1)
    .optional()
    .meta({ description: 'InfoType, or the Event or MsgType of a message; unreadable where it cannot be told.' }),
  state: stateSchema.optional(),
});
export type ListCallbackEvents = z.output<typeof listCallbackEventsSchema>;

/** Never what a push said: it may hold tickets, codes, and people's messages. */
export const callbackEventSchema = z
  .object({
    id: z.string(),
    component_appid: z.string(),
    channel: z.enum(['authorization', 'message']),
    kind: z.string(),
    authorizer_appid: z.string().nullable(),
    pushed_at: z.string().meta({ description: 'By WeChat’s clock.' }),
    received_at: z.string(),
    state: stateSchema,
    failure_code: z
      .string()
      .nullable()
      .meta({
        description:
          'Of an unreadable one empty, not_xml or not_utf8; of a failed one expired, the errcode of WeChat, or ' +
          'wrong_account: it is addressed to another account than that of its path, and nothing was done.',
      }),
    forwards: z.array(
      z.object({
        url: z.string().optional().meta({ description: 'Not shown to a key that is limited to merchants.' }),
        state: z.enum(['pending', 'delivered', 'given_up']),
        attempts: z.int(),
        last_status: z.int().nullable().meta({ description: 'HTTP status of the last attempt, if it had an answer.' }),
        last_error: z.string().nullable().meta({ description: 'Why the last attempt had no answer.' }),
      }),
    ),
  })
  .meta({ id: 'CallbackEvent' });

export function callbackEventResource(
  { event, forwards }: RecordedCallback,
  componentAppid: string,
  { merchants }: Scope,
): z.input<typeof callbackEventSchema> {
  return {
    id: event.id,
    component_appid: componentAppid,
    channel: event.channel,
    kind: event.kind,
    authorizer_appid: event.authorizerAppid,
    pushed_at: event.pushedAt.toISOString(),
    received_at: event.receivedAt.toISOString(),
    state: event.state,
    failure_code: event.failureCode,
    forwards: forwards.map(({ url, state, attempts, lastStatus, lastError }) => ({
      ...(merchants === null && { url }),
      state,
      attempts,
      last_status: lastStatus,
      last_error: lastError,
    })),
  };
}
