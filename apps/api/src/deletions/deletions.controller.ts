import { Body, Controller, Get, HttpCode, Logger, Post, Query, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { AuditLog, Idempotency, type Actor, type Principal } from '@app/access';
import {
  decideTarget,
  DeletionIntake,
  DeletionViews,
  isByEnd,
  TakedownTriage,
  targetColumns,
  TargetRefused,
  type DeletionView,
} from '@app/deletions';
import { currentRequestId, newRequestId } from '@app/logging';
import { Merchants } from '@app/merchants';
import { currentTraceparent } from '@app/tracing';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { IdempotencyKey, tellRepeat } from '../http/requests/idempotency-key.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { actOn } from './deletion-act.js';
import {
  createDeletionSchema,
  deletionResource,
  deletionSchema,
  filterOf,
  listDeletionsSchema,
  placeOf,
  warnedResource,
  type CreateDeletion,
  type DeletionResource,
  type ListDeletions,
} from './deletion.js';

@ApiTags('deletions')
@Controller('v1/deletions')
export class DeletionsController {
  private readonly logger = new Logger(DeletionsController.name);

  constructor(
    private readonly deletions: DeletionViews,
    private readonly intake: DeletionIntake,
    private readonly triage: TakedownTriage,
    private readonly merchants: Merchants,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @MadeAt(({ id }) => `/v1/deletions/${id}`)
  @HttpCode(202)
  @Needs('operator')
  @SerializeOptions({ schema: deletionSchema })
  @Operation({
    summary: 'Ask for a deletion',
    description:
      'Name one article by `msg_id` and `article_idx` (1 is the first) or by its `url`, or a whole message ' +
      'by `msg_id` and `whole_message`. While the same target is open, that deletion is the answer (200); ' +
      'of one that is known to be gone it is the deletion that did it (200), however long ago that was (`pruned`), ' +
      'unless `again` insists.',
    problems: [
      'target_missing',
      'msg_id_invalid',
      'msg_id_unsafe_number',
      'article_idx_needs_msg_id',
      'whole_message_not_confirmed',
      'whole_message_contradicts_article_idx',
      'whole_message_needs_msg_id',
      'url_not_an_article',
      'url_not_resolved',
      'url_ambiguous',
      'url_of_another_merchant',
      'message_not_sent',
      'article_not_in_message',
      'merchant_not_found',
      'platform_not_found',
      'platform_required',
      'merchant_not_eligible',
      'shared_material',
      'pending_too_many',
      'eta_too_late',
    ],
    answers: {
      200: { description: 'The open deletion of the same target, or the one by which it is gone.' },
      202: { description: 'The new deletion.' },
    },
    repeats: 'The same key and body get the same answer.',
  })
  async create(
    @AuditedCaller() caller: Actor,
    @Body({ schema: createDeletionSchema }) body: CreateDeletion,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeletionResource> {
    const request = { apiKeyId: caller.apiKeyId, key, fingerprint: ['POST /v1/deletions', body] };
    const resolved = await this.resolve(caller, body);
    const answer = await this.idempotency.runStatements<DeletionResource>(request, async (sql) => {
      const { target, ignored, askedUrl } = resolved();
      const wish = {
        id: uuidv7(),
        target,
        askedUrl,
        again: body.again,
        refusesShared: body.if_shared === 'refuse',
        isUrgent: body.priority === 'urgent',
        notBefore: body.not_before ?? null,
        tryAnyway: body.try_anyway ?? false,
        allowLate: body.allow_late,
        reason: body.reason ?? null,
        metadata: body.metadata,
        requestId: currentRequestId() ?? newRequestId(),
        traceparent: currentTraceparent(),
        requestedBy: caller.apiKeyId,
      };
      const address = { scope: caller.scope, authorizerAppid: body.merchant, componentAppid: body.component_appid };
      const act = this.audit.deferredPart(caller, actOn({ ...wish, ...targetColumns(target) }, 'deletion.accepted'));
      const { deletion, isNew, shared } = await this.intake.accept(sql, address, wish, act);
      const resource = warnedResource(deletion, shared);
      return { status: isNew ? 202 : 200, body: ignored.length > 0 ? { ...resource, ignored } : resource };
    });
    tellRepeat(reply, answer);
    if (answer.status === 202 && !answer.isRepeat) {
      this.logger.log('deletion accepted', { deletion_id: answer.body.id, authorizer_appid: answer.body.merchant });
    }
    void reply.status(answer.status);
    return answer.body;
  }

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(deletionSchema) })
  @Operation({
    summary: 'List deletions',
    description:
      'Newest first, by merchant, state, why they wait, message, WeChat’s errcode, takedown or time. With `finished_after` or ' +
      '`finished_before`, and without `created_after`, `created_before` and `takedown`, those that ended last come first.',
    problems: ['merchant_not_found', 'platform_not_found', 'platform_required'],
    answers: { 200: { description: 'A page of deletions.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listDeletionsSchema }) query: ListDeletions) {
    const { limit, cursor } = query;
    const filter = filterOf(query);
    const merchant = query.merchant
      ? await this.merchants.find(scope, query.merchant, query.component_appid)
      : undefined;
    const found = await this.deletions.list(scope, {
      ...filter,
      merchantId: merchant?.id,
      limit: limit + 1,
      after: cursor === undefined ? undefined : placeOf(cursor),
    });
    const place = ({ id, finishedMicros }: DeletionView) => (isByEnd(filter) ? `${id}/${finishedMicros}` : id);
    return pageOf(
      found.map((deletion) => ({ id: place(deletion), deletion })),
      limit,
      ({ deletion }) => deletionResource(deletion),
    );
  }

  /**
   * What the request names. An address is looked up before the idempotent part, which may hold a connection already; a refusal is
   * thrown within it, for a request that was answered once is answered the same again.
   */
  private async resolve({ scope }: Actor, body: CreateDeletion) {
    try {
      const { target, ignored } = decideTarget(body);
      const found =
        'url' in target ? await this.triage.single(scope, body, target.url) : { target, askedUrl: undefined };
      return () => ({ target: found.target, askedUrl: found.askedUrl, ignored });
    } catch (error) {
      if (!(error instanceof TargetRefused)) throw error;
      return () => {
        throw error;
      };
    }
  }
}
