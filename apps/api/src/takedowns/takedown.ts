import { z } from 'zod';
import {
  takedownStates,
  type BlastRadius,
  type TakedownProgress,
  type TakedownRejection,
  type TakedownView,
} from '@app/deletions';
import { ineligibleReasonCodes } from '@app/merchants';
import {
  againSchema,
  allowLateSchema,
  ifSharedSchema,
  metadataSchema,
  outcomeCodeSchema,
  prioritySchema,
  reasonSchema,
  stateSchema,
  targetFields,
  tryAnywaySchema,
  waitingForSchema,
} from '../deletions/deletion.js';
import { longLists } from '../http/bodies/long-lists.js';
import { appidSchema } from '../http/requests/appid.js';
import { problemCodes } from '../http/problems/problems.js';
import { pageSchema, pageSchemaOf } from '../http/requests/page.js';
import { textSchema } from '../http/requests/text.js';
import { wholeNumberSchema } from '../http/requests/whole-number.js';

/** Items or addresses that one JSON body may have. More come as NDJSON. */
export const MAX_ITEMS = 10_000;
const MAX_UNDO_SECONDS = 24 * 60 * 60;
export const MAX_ERRORS = 10_000;

export const itemSchema = z
  .strictObject({
    ...targetFields,
    again: againSchema.optional(),
    try_anyway: tryAnywaySchema.optional(),
  })
  .meta({ id: 'TakedownItem' });

/** A line of NDJSON: an item, or an article by its address alone, as `urls` has them in JSON. */
export const lineSchema = itemSchema
  .extend({ merchant: targetFields.merchant.optional() })
  .refine(
    ({ merchant, component_appid, msg_id, article_idx, whole_message, url }) =>
      merchant !== undefined ||
      (url !== undefined &&
        [component_appid, msg_id, article_idx, whole_message].every((field) => field === undefined)),
    { path: ['merchant'], message: 'is missing, without which a line has a url and nothing else of a target' },
  );

export type TakedownLine = z.output<typeof lineSchema>;

const takedownOf = <Item extends z.ZodType>(item: Item) =>
  z
    .strictObject({
      items: z.array(item).min(1).max(MAX_ITEMS).optional(),
      urls: z.array(textSchema(2_048)).min(1).max(MAX_ITEMS).optional().meta({ description: 'Addresses of articles.' }),
      label: textSchema(200).min(1).optional().meta({ description: 'Every message of the inventory with this label.' }),
      article_idx: z
        .int()
        .min(1)
        .max(1_000)
        .optional()
        .meta({ description: 'With a label: this article of each message.' }),
      whole_message: z.boolean().optional().meta({ description: 'With a label: every article of each message.' }),
      priority: prioritySchema.default('normal'),
      again: againSchema.optional(),
      allow_late: allowLateSchema.optional(),
      try_anyway: tryAnywaySchema.optional(),
      if_shared: ifSharedSchema.optional(),
      reason: reasonSchema.optional(),
      metadata: metadataSchema.default({}),
      undo_seconds: z
        .int()
        .min(0)
        .max(MAX_UNDO_SECONDS)
        .default(0)
        .meta({ description: 'Nothing is deleted for so long after the request, so that a cancel stops everything.' }),
      dry_run: z.boolean().default(false).meta({ description: 'Changes nothing and says what would happen.' }),
    })
    .refine(
      ({ items, urls, label }) => [items, urls, label].filter((selector) => selector !== undefined).length === 1,
      'give one of items, urls and label',
    )
    .refine(
      ({ label, article_idx, whole_message }) =>
        label !== undefined || (article_idx === undefined && whole_message === undefined),
      'article_idx and whole_message stand beside a label; items have their own',
    );

export const createTakedownSchema = takedownOf(itemSchema).meta({
  id: 'CreateTakedown',
  examples: [
    {
      items: [{ merchant: 'wx570bc396a51b8ff8', msg_id: '3147483661', article_idx: 2 }],
      priority: 'urgent',
      reason: 'court order 12/2026',
      undo_seconds: 30,
    },
  ],
});
longLists.set(createTakedownSchema, { field: 'items', item: itemSchema, rest: takedownOf(z.unknown()) });
export type CreateTakedown = z.output<typeof createTakedownSchema>;

/** Options of a takedown whose items come as NDJSON. */
export const takedownOptionsSchema = z.strictObject({
  priority: prioritySchema.optional(),
  reason: reasonSchema.optional(),
  undo_seconds: wholeNumberSchema(0, MAX_UNDO_SECONDS).optional(),
  dry_run: z.stringbool().optional(),
  again: z.stringbool().optional(),
  allow_late: z.stringbool().optional(),
  try_anyway: z.stringbool().optional(),
  if_shared: ifSharedSchema.optional(),
});
export type TakedownOptions = z.output<typeof takedownOptionsSchema>;

const takedownStateSchema = z.enum(takedownStates);

export const listTakedownsSchema = pageSchema.extend({ state: takedownStateSchema.optional() });
export type ListTakedowns = z.output<typeof listTakedownsSchema>;

export const listTakedownDeletionsSchema = pageSchema.extend({
  state: stateSchema.optional(),
  waiting_for: waitingForSchema.optional(),
  outcome: outcomeCodeSchema.optional(),
  merchant: appidSchema.optional(),
  component_appid: appidSchema.optional(),
});
export type ListTakedownDeletions = z.output<typeof listTakedownDeletionsSchema>;

export const listRejectionsSchema = pageSchemaOf(z.string().regex(/^\d{1,9}$/));
export type ListRejections = z.output<typeof listRejectionsSchema>;

const moment = z.string().nullable();
const count = z.int();

export const rejectionSchema = z
  .object({
    line: count.meta({ description: 'Of the NDJSON body, or the place in the list; counted from 1.' }),
    code: z.string().meta({ enum: problemCodes }),
    detail: z.string(),
    excerpt: z.string().optional().meta({ description: 'How the line begins.' }),
  })
  .meta({ id: 'TakedownRejection' });

export const takedownSchema = z
  .object({
    id: z.string(),
    state: takedownStateSchema.meta({ description: '`pending`: within the undo window.' }),
    cancel_code: z.enum(['requested', 'upload_broken_off']).nullable(),
    priority: prioritySchema,
    reason: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    requested_by: z
      .object({ id: z.string(), name: z.string().nullable() })
      .meta({ description: 'The API key that asked for it.' }),
    undo_until: moment.meta({ description: 'Until then a cancel stops everything.' }),
    accepted: count.meta({ description: 'Deletions that it made.' }),
    already_open: count.meta({
      description: 'Items whose target was open already, or goes with another item: not spent twice.',
    }),
    already_deleted: count.meta({ description: 'Items that were known to be gone: no call was made.' }),
    rejected: count,
    counts: z
      .record(stateSchema, count)
      .nullable()
      .meta({ description: 'Its deletions by state, those included that were open or deleted already. Not in lists.' }),
    eta: moment.meta({ description: 'When the last of its deletions will leave its lane, about. Not in lists.' }),
    created_at: z.string(),
    started_at: moment.meta({ description: 'When all of it had arrived.' }),
    cancelled_at: moment,
    finished_at: moment.meta({ description: 'When its last deletion came to an end.' }),
    errors: z.array(rejectionSchema).optional().meta({ description: 'What was not accepted, up to 10,000.' }),
    cancelled: count.optional().meta({ description: 'How many deletions the cancel stopped.' }),
    too_late: count.optional().meta({ description: 'For how many it came too late.' }),
  })
  .meta({ id: 'Takedown' });
export type TakedownResource = z.input<typeof takedownSchema>;

export function takedownResource(takedown: TakedownView, progress?: TakedownProgress): TakedownResource {
  return {
    id: takedown.id,
    state: takedown.state,
    cancel_code: takedown.cancelCode,
    priority: takedown.isUrgent ? 'urgent' : 'normal',
    reason: takedown.reason,
    metadata: takedown.metadata,
    requested_by: { id: takedown.requestedBy, name: takedown.requestedByName },
    undo_until: takedown.undoUntil?.toISOString() ?? null,
    accepted: takedown.accepted,
    already_open: takedown.alreadyOpen,
    already_deleted: takedown.alreadyDeleted,
    rejected: takedown.rejected,
    counts: progress?.counts ?? null,
    eta: progress?.eta?.toISOString() ?? null,
    created_at: takedown.createdAt.toISOString(),
    started_at: takedown.startedAt?.toISOString() ?? null,
    cancelled_at: takedown.cancelledAt?.toISOString() ?? null,
    finished_at: takedown.finishedAt?.toISOString() ?? null,
  };
}

export type LineError = Pick<TakedownRejection, 'line' | 'code' | 'detail'>;

/** As the answer to a request lists them: how the lines begin is known to whoever sent them. */
export const errorsOf = (rejections: LineError[]): LineError[] =>
  rejections.map(({ line, code, detail }) => ({ line, code, detail }));

export const dryRunSchema = z
  .object({
    dry_run: z.literal(true),
    deletions: count,
    merchants: count,
    whole_messages: count.meta({ description: 'Deletions that take every article of their message.' }),
    already_open: count,
    already_deleted: count.meta({ description: 'Known to be gone: no call would be made.' }),
    rejected: count.meta({ description: 'Those of merchants that are not eligible included.' }),
    ineligible: z
      .object({
        items: count,
        merchants: count,
        list: z.array(
          z.object({ merchant: z.string(), reasons: z.array(z.enum(ineligibleReasonCodes)), items: count }),
        ),
      })
      .meta({ description: 'Of merchants that cannot be served; the list has 100 of them at most.' }),
    days_of_quota: count.nullable().meta({
      description: 'Days whose quota the slowest merchant needs, today included. Null: it never suffices.',
    }),
    eta: moment.meta({ description: 'When the last deletion would leave its lane.' }),
    slowest: z
      .array(z.object({ merchant: z.string(), deletions: count, eta: moment }))
      .meta({ description: 'The ten merchants whose last deletion would leave last. Without an eta it never would.' }),
    shared_material: z
      .object({
        count,
        list: z.array(z.object({ merchant: z.string(), msg_id: z.string(), article_idx: count })),
      })
      .meta({
        description: 'Other sends of the same articles: their pages would be gone too. The list has 100 at most.',
      }),
    errors: z.array(rejectionSchema),
  })
  .meta({ id: 'TakedownDryRun' });
export type DryRunResource = z.input<typeof dryRunSchema>;

export function dryRunResource(radius: BlastRadius, errors: LineError[]): DryRunResource {
  const {
    deletions,
    merchants,
    wholeMessages,
    slowest,
    alreadyOpen,
    alreadyDeleted,
    rejected,
    ineligible,
    daysOfQuota,
    eta,
    shared,
  } = radius;
  return {
    dry_run: true,
    deletions,
    merchants,
    whole_messages: wholeMessages,
    already_open: alreadyOpen,
    already_deleted: alreadyDeleted,
    rejected,
    ineligible,
    days_of_quota: daysOfQuota,
    eta: eta?.toISOString() ?? null,
    slowest: slowest.map((one) => ({ ...one, eta: one.eta?.toISOString() ?? null })),
    shared_material: {
      count: shared.count,
      list: shared.list.map(({ authorizerAppid, msgId, articleIdx }) => ({
        merchant: authorizerAppid,
        msg_id: msgId,
        article_idx: articleIdx,
      })),
    },
    errors,
  };
}
