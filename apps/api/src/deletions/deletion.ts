import { z } from 'zod';
import { MICROS } from '@app/database';
import {
  deletionStates,
  holdReasons,
  isByEnd,
  noteOfProof,
  proofs,
  waitingFor,
  type DeletionAttempt,
  type DeletionPlace,
  type DeletionView,
  type SharedArticle,
} from '@app/deletions';
import { ineligibleReasonCodes } from '@app/merchants';
import { outcomeWords } from '@app/words';
import { appidSchema } from '../http/requests/appid.js';
import { givenMsgIdSchema, msgIdSchema } from '../http/requests/msg-id.js';
import { pageSchemaOf } from '../http/requests/page.js';
import { momentSchema } from '../http/requests/moment.js';
import { textSchema } from '../http/requests/text.js';
import { wholeNumberSchema } from '../http/requests/whole-number.js';

export const againSchema = z.boolean().meta({
  description:
    'Call although the target is known to be gone, or the inventory says that it never went out or has no such article. What is open is not called twice even so.',
});
export const tryAnywaySchema = z.boolean().meta({
  description:
    'Have WeChat asked although the merchant is not eligible, where our facts may lag behind: not_verified, account_frozen, permission_set_7_not_granted.',
});
export const allowLateSchema = z.boolean().meta({
  description:
    'Accept it although so many are before it that it would leave its lane later than the operators have set (60 days unless told otherwise).',
});
export const ifSharedSchema = z.enum(['warn', 'refuse']).meta({
  description: 'What to do where other sends of the merchant share the material, for their pages go with it.',
});

/** Of WeChat's answers, of the merchant, and of a platform that was held too often. All of them have words. */
const outcomeCodes = [...new Set([...Object.keys(outcomeWords), ...ineligibleReasonCodes, ...holdReasons])];

const DAY_MS = 24 * 60 * 60_000;
const MAX_DAYS_AHEAD = 366;

export const prioritySchema = z.enum(['normal', 'urgent']);
export const reasonSchema = textSchema(500);
export const metadataSchema = z
  .record(textSchema(40).min(1), textSchema(500))
  .refine((metadata) => Object.keys(metadata).length <= 50, 'has more than 50 entries');

/** What to delete of whom. The types alone; what the fields mean together is decided by decideTarget. */
export const targetFields = {
  merchant: appidSchema.meta({ description: 'authorizer_appid' }),
  component_appid: appidSchema.optional().meta({ description: 'Only if the merchant authorized several platforms.' }),
  msg_id: givenMsgIdSchema.optional(),
  article_idx: z.int().min(0).max(1_000).optional().meta({ description: '1-based; 0 is the whole message.' }),
  whole_message: z.boolean().optional(),
  url: textSchema(2_048).optional(),
};

export const createDeletionSchema = z
  .strictObject({
    ...targetFields,
    not_before: momentSchema
      .refine((moment) => moment.getTime() < Date.now() + MAX_DAYS_AHEAD * DAY_MS, 'is more than a year ahead')
      .optional(),
    priority: prioritySchema.default('normal'),
    try_anyway: tryAnywaySchema.optional(),
    again: againSchema.optional(),
    allow_late: allowLateSchema.optional(),
    if_shared: ifSharedSchema.optional(),
    reason: reasonSchema.optional(),
    metadata: metadataSchema.default({}),
  })
  .meta({
    id: 'CreateDeletion',
    examples: [
      { merchant: 'wx570bc396a51b8ff8', msg_id: '3147483661', article_idx: 2, reason: 'wrong price' },
      { merchant: 'wx570bc396a51b8ff8', msg_id: '3147483662', whole_message: true, priority: 'urgent' },
      { merchant: 'wx570bc396a51b8ff8', url: 'https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC' },
    ],
  });
export type CreateDeletion = z.output<typeof createDeletionSchema>;

export const retryDeletionSchema = z.strictObject({
  allow_late: z.stringbool().optional().meta({ description: 'As when a deletion is asked for.' }),
});
export type RetryDeletion = z.output<typeof retryDeletionSchema>;

export const stateSchema = z.enum(deletionStates);

export const waitingForSchema = z.enum(waitingFor).meta({ description: 'Of those that are open: why they wait.' });
export const outcomeCodeSchema = z
  .enum(outcomeCodes)
  .meta({ description: 'Of those that have ended: the code of the outcome.' });

/** Where a page of deletions starts: after an id; and where the last to end comes first, also after when that was. */
const placeSchema = z
  .string()
  .regex(new RegExp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/${MICROS.source})?$`, 'i'));

export function placeOf(cursor: string): DeletionPlace {
  const [id = '', finishedMicros] = cursor.split('/');
  return { id, finishedMicros };
}

const filtersSchema = pageSchemaOf(placeSchema).extend({
  merchant: appidSchema.optional(),
  component_appid: appidSchema.optional(),
  state: stateSchema.optional(),
  waiting_for: waitingForSchema.optional(),
  msg_id: msgIdSchema.optional(),
  errcode: wholeNumberSchema(-2_147_483_648, 2_147_483_647)
    .optional()
    .meta({ description: 'Of the last answer of WeChat, as in `outcome`.' }),
  takedown: z.uuid().optional().meta({ description: 'Those that it made, and those that it found open.' }),
  created_after: momentSchema.optional().meta({ description: 'From this moment on.' }),
  created_before: momentSchema.optional().meta({ description: 'Before this moment.' }),
  finished_after: momentSchema.optional().meta({ description: 'Those that ended, from this moment on.' }),
  finished_before: momentSchema.optional().meta({ description: 'Those that ended, before this moment.' }),
});

/** All but the merchant, which has to be looked up. */
export const filterOf = (query: Omit<ListDeletions, 'limit' | 'cursor'>) => ({
  state: query.state,
  waitingFor: query.waiting_for,
  msgId: query.msg_id,
  errcode: query.errcode,
  takedownId: query.takedown,
  createdAfter: query.created_after,
  createdBefore: query.created_before,
  finishedAfter: query.finished_after,
  finishedBefore: query.finished_before,
});

export const listDeletionsSchema = filtersSchema.refine(
  ({ cursor, ...query }) => cursor === undefined || cursor.includes('/') === isByEnd(filterOf(query)),
  { path: ['cursor'], message: 'is a cursor of a list with other filters' },
);
export type ListDeletions = z.output<typeof filtersSchema>;

export const idSchema = z.uuid('must be an id that this API gave');

const moment = z.string().nullable();

export const deletionSchema = z
  .object({
    id: z.string(),
    merchant: z.string(),
    component_appid: z.string(),
    merchant_name: z.string().nullable().optional().meta({
      description: 'The account’s nickname, once WeChat has told it. Only where deletions are read.',
    }),
    msg_id: z.string().nullable().meta({ description: 'Decimal digits.' }),
    article_idx: z.int().nullable(),
    whole_message: z.boolean(),
    url: z.string().nullable(),
    state: stateSchema,
    waiting_for: z.enum(waitingFor).nullable(),
    waiting_until: moment,
    priority: prioritySchema,
    try_anyway: z.boolean(),
    not_before: moment,
    reason: z.string().nullable(),
    metadata: z.record(z.string(), z.string()).nullable(),
    hidden: z
      .array(z.enum(['reason', 'metadata']))
      .optional()
      .meta({
        description:
          'Only where a key with limits reads what was asked for beyond them: the fields named are null, whatever was given. Such a key cannot cancel or retry it.',
      }),
    outcome: z
      .object({
        code: z.string().meta({ enum: outcomeCodes }),
        errcode: z.int().nullable(),
        errmsg: z.string().nullable(),
        rid: z.string().nullable(),
      })
      .nullable(),
    proof: z.enum(proofs),
    proof_note: z.string().nullable().meta({
      description: 'Of `inferred`: what is known, and what is inferred from it. Where `pruned`: what is left.',
    }),
    pruned: z
      .literal(true)
      .optional()
      .meta({
        description:
          'Only where a deletion succeeded so long ago (`DELETIONS_RETENTION_DAYS`, three years unless told otherwise) ' +
          'that all that is kept is its target, its proof, and when it was made and ended. All else is null or none.',
      }),
    attempts: z.int(),
    takedown: z.string().nullable().meta({ description: 'The takedown that made it.' }),
    created_at: z.string(),
    finished_at: moment,
    eta: moment.optional().meta({
      description: 'When it will leave its lane, as things stand; null once it has. Only where one deletion is read.',
    }),
    title: z.string().optional().meta({
      description:
        'Of the article, or of the first one of a whole message, where the inventory knows it. Only where deletions are read.',
    }),
    requested_by: z
      .object({ id: z.string(), name: z.string().nullable() })
      .nullable()
      .optional()
      .meta({
        description:
          'The API key that asked first. Null from before this was written down, and where `hidden` is told. Only where ' +
          'deletions are read.',
      }),
    ignored: z.array(z.literal('url')).optional(),
    asked_url: z.string().optional().meta({
      description: 'The address that was asked for, where the inventory told which message it is of.',
    }),
    warnings: z
      .array(
        z.object({
          code: z.literal('shared_material'),
          detail: z.string(),
          sends: z.array(z.object({ merchant: z.string(), msg_id: z.string(), article_idx: z.int() })).optional(),
        }),
      )
      .optional()
      .meta({
        description:
          '`shared_material`: other sends whose pages go with it, because they share the article. Where one deletion is accepted or read, and only if there are any.',
      }),
  })
  .meta({ id: 'Deletion' });
export type DeletionResource = z.input<typeof deletionSchema>;

export function deletionResource(deletion: DeletionView): DeletionResource {
  return {
    id: deletion.id,
    merchant: deletion.authorizerAppid,
    component_appid: deletion.componentAppid,
    msg_id: deletion.msgId,
    article_idx: deletion.articleIdx,
    whole_message: deletion.articleIdx === 0,
    url: deletion.url,
    state: deletion.state,
    waiting_for: deletion.waitingFor,
    waiting_until: deletion.waitingUntil?.toISOString() ?? null,
    priority: deletion.isUrgent ? 'urgent' : 'normal',
    try_anyway: deletion.tryAnyway,
    not_before: deletion.notBefore?.toISOString() ?? null,
    reason: deletion.reason,
    metadata: deletion.metadata,
    ...(deletion.isHidden && { hidden: ['reason' as const, 'metadata' as const] }),
    outcome:
      deletion.finishedAt && deletion.outcomeCode
        ? {
            code: deletion.outcomeCode,
            errcode: deletion.outcomeErrcode,
            errmsg: deletion.outcomeErrmsg,
            rid: deletion.outcomeRid,
          }
        : null,
    proof: deletion.proof,
    proof_note: noteOfProof(deletion.proof, deletion.isPruned),
    ...(deletion.isPruned && { pruned: true as const }),
    attempts: deletion.attempts,
    takedown: deletion.takedownId,
    created_at: deletion.createdAt.toISOString(),
    finished_at: deletion.finishedAt?.toISOString() ?? null,
    ...(typeof deletion.title === 'string' && { title: deletion.title }),
    ...(deletion.merchantName !== undefined && { merchant_name: deletion.merchantName }),
    ...(deletion.requestedByName !== undefined && { requested_by: askerOf(deletion) }),
    ...(deletion.askedUrl !== null && { asked_url: deletion.askedUrl }),
  };
}

const askerOf = ({ requestedBy, requestedByName = null }: DeletionView) =>
  requestedBy === null ? null : { id: requestedBy, name: requestedByName };

/** With what its caller should know of. */
export function warnedResource(deletion: DeletionView, shared: SharedArticle[]): DeletionResource {
  const resource = deletionResource(deletion);
  if (shared.length === 0) return resource;
  const detail = 'Other sends share the material: their pages go, too.';
  return {
    ...resource,
    warnings: [{ code: 'shared_material', detail, sends: sendsOf(deletion.authorizerAppid, shared) }],
  };
}

export const sendsOf = (merchant: string, sends: SharedArticle[]) =>
  sends.map(({ msgId, articleIdx }) => ({ merchant, msg_id: msgId, article_idx: articleIdx }));

export const attemptListSchema = z.object({
  data: z.array(
    z
      .object({
        id: z.string(),
        op: z.enum(['mass/delete', 'mass/get']),
        outcome: z
          .string()
          .nullable()
          .meta({ description: 'Null while the call is under way, or its answer was lost.' }),
        errcode: z.int().nullable(),
        errmsg: z.string().nullable(),
        rid: z.string().nullable(),
        http_status: z.int().nullable(),
        latency_ms: z.int().nullable(),
        started_at: z.string(),
        finished_at: moment,
      })
      .meta({ id: 'DeletionAttempt' }),
  ),
});

export function attemptResource(attempt: DeletionAttempt) {
  return {
    id: attempt.id,
    op: attempt.operation,
    outcome: attempt.outcome,
    errcode: attempt.errcode,
    errmsg: attempt.errmsg,
    rid: attempt.rid,
    http_status: attempt.httpStatus,
    latency_ms: attempt.latencyMs,
    started_at: attempt.startedAt.toISOString(),
    finished_at: attempt.finishedAt?.toISOString() ?? null,
  };
}
