import { z } from 'zod';
import type { Scope } from '@app/scope';

const momentSchema = z.string().meta({ format: 'date-time' });
const count = z.int();
const nothing = z.object({});

/** A deletion at its end. */
const deletionFactsSchema = z.object({
  merchant: z.string().meta({ description: 'authorizer_appid' }),
  component_appid: z.string(),
  msg_id: z.string().nullable().meta({ description: 'In digits.' }),
  article_idx: z.int().nullable(),
  url: z.string().nullable(),
  outcome_code: z.string().nullable(),
  errcode: z.int().nullable(),
  proof: z.enum(['none', 'acknowledged', 'verified', 'inferred']),
  attempts: count,
  metadata: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'Null for readers with limits within which it was not asked for; `hidden` tells them so.' }),
  hidden: z.array(z.literal('metadata')).optional(),
});
export type DeletionFacts = z.output<typeof deletionFactsSchema>;

const takedownFactsSchema = z.object({
  counts: z
    .record(z.string(), count)
    .meta({ description: 'Its deletions by state; a state that none is in may be missing.' }),
});
export type TakedownFacts = z.output<typeof takedownFactsSchema>;

/** The counts as the takedown itself tells them. */
const endedTakedownFactsSchema = takedownFactsSchema.extend({
  accepted: count,
  already_open: count,
  already_deleted: count,
  rejected: count,
});

/**
 * Everything that is told to whoever listens, with what is told: `data` besides the ids of what it is about. Never a
 * secret. Data only ever gains fields.
 */
export const eventDataSchemas = {
  'merchant.authorized': z
    .object({
      source: z.enum(['code', 'list']).meta({
        description: 'An authorization code, or WeChat’s list of authorizers when the code was lost.',
      }),
      permission_sets: z.array(z.int()),
    })
    .meta({ description: 'A grant, new or renewed.' }),
  'merchant.unauthorized': z
    .object({
      source: z.enum(['event', 'answer']).meta({ description: 'WeChat’s event, or an answer that told of it first.' }),
    })
    .meta({ description: 'The merchant took the grant back.' }),
  'merchant.reauthorization_required': nothing.meta({
    description: 'The refresh token is lost or refused, and WeChat’s list of authorizers has no better one.',
  }),
  'merchant.eligibility_changed': z
    .object({ eligible: z.boolean(), reasons: z.array(z.string()), previous_reasons: z.array(z.string()) })
    .meta({ description: 'Reasons are those of a merchant’s `ineligible_reasons`.' }),
  'merchant.token_conflict': z
    .object({
      kind: z.enum(['fresh_refused', 'void_early']),
      errcode: z.int().nullable(),
      since: momentSchema,
      explanation: z.string(),
    })
    .meta({
      description:
        'Another system mints for the same account, and each mint makes the other’s token void. `fresh_refused`: ' +
        'WeChat refuses tokens that were minted for the very call. Its deletions wait; told once until a token is ' +
        'taken again. `void_early`: tokens work, and are void before their time again and again. Its deletions go ' +
        'on; told once an hour at most.',
    }),
  'platform.ticket_silent': z
    .object({ ticket_received_at: momentSchema.nullable() })
    .meta({ description: 'No component_verify_ticket for half an hour; told once per silence.' }),
  'platform.drift_found': z
    .object({
      listed: count,
      added: count,
      repaired: count,
      readopted: count,
      absent_count: count,
      absent: z.array(z.string()).meta({ description: 'Appids, cut off after a hundred.' }),
    })
    .meta({ description: 'WeChat’s list of authorizers and the merchants here were not the same.' }),
  'platform.held': z
    .object({ reason: z.string(), errcode: z.int().nullable(), since: momentSchema })
    .meta({ description: 'No deletion of this platform is sent, because each would fail.' }),
  'platform.resumed': nothing.meta({ description: 'Deletions of this platform are sent again.' }),
  'deletion.succeeded': deletionFactsSchema.meta({ description: 'It came to its end, and the target is gone.' }),
  'deletion.failed': deletionFactsSchema.meta({ description: 'It came to its end: `outcome_code` says why.' }),
  'deletion.cancelled': deletionFactsSchema.meta({ description: 'It came to its end before it was dispatched.' }),
  'deletion.verified': deletionFactsSchema.meta({
    description:
      'WeChat showed that the message is gone, after it had only accepted the call: proof rose to `verified`.',
  }),
  'takedown.created': takedownFactsSchema.meta({ description: 'All of it has arrived.' }),
  'takedown.finished': endedTakedownFactsSchema.meta({ description: 'Its last deletion came to an end. Told once.' }),
  'takedown.cancelled': endedTakedownFactsSchema.meta({
    description: 'It was cancelled; the counts are as that found them.',
  }),
  'webhook.disabled': z
    .object({ id: z.string(), reason: z.enum(['failing', 'gone']) })
    .meta({ description: 'An endpoint gets nothing more until it is enabled again.' }),
} satisfies Record<string, z.ZodObject>;

export type EventData = { [T in keyof typeof eventDataSchemas]: z.output<(typeof eventDataSchemas)[T]> };

export type EventType = keyof EventData;

/** The subject of an event. One that holds for no single platform or merchant leaves them out. */
export interface EventSubject {
  platform?: { id: string; componentAppid: string } | undefined;
  merchant?: { id: string; authorizerAppid: string } | undefined;
  deletionId?: string | undefined;
  takedownId?: string | undefined;
  /**
   * An event without a single platform or merchant carries the limits of the caller who caused it. Readers with the
   * same limits, or wider, hear of it.
   */
  scope?: Scope | undefined;
}

export type NewEvent = { [T in EventType]: EventSubject & { type: T; data: EventData[T] } }[EventType];

/** Every type, for lists that people choose from. */
export const eventTypes = Object.keys(eventDataSchemas) as EventType[];
