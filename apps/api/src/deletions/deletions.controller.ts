import {
  Body,
  Controller,
  Get,
  HttpCode,
  Logger,
  Param,
  Post,
  Query,
  Req,
  Res,
  SerializeOptions,
} from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { AuditLog, Idempotency, type Act, type Actor, type Principal } from '@app/access';
import {
  decideTarget,
  DeletionChanges,
  DeletionIntake,
  DeletionViews,
  LaneReports,
  Proofs,
  TakedownTriage,
  targetColumns,
  TargetRefused,
  type DeletionView,
} from '@app/deletions';
import { currentRequestId, newRequestId } from '@app/logging';
import { Merchants } from '@app/merchants';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { IdempotencyKey } from '../http/requests/idempotency-key.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { DescribesProof, ProofAnswers, proofQuerySchema, type ProofQuery } from './proof-answer.js';
import {
  attemptListSchema,
  attemptResource,
  createDeletionSchema,
  deletionResource,
  deletionSchema,
  idSchema,
  listDeletionsSchema,
  retryDeletionSchema,
  warnedResource,
  type CreateDeletion,
  type DeletionResource,
  type ListDeletions,
  type RetryDeletion,
} from './deletion.js';

@ApiTags('deletions')
@Controller('v1/deletions')
export class DeletionsController {
  private readonly logger = new Logger(DeletionsController.name);

  constructor(
    private readonly deletions: DeletionViews,
    private readonly intake: DeletionIntake,
    private readonly changes: DeletionChanges,
    private readonly triage: TakedownTriage,
    private readonly merchants: Merchants,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
    private readonly laneReports: LaneReports,
    private readonly proofs: Proofs,
    private readonly answers: ProofAnswers,
  ) {}

  /**
   * Accepts a deletion (202). While the same target is open, that deletion is the answer (200); of one that is known to be gone it
   * is the deletion that did it (200), unless `again` insists.
   */
  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ description: 'The new deletion.' })
  @ApiOkResponse({ description: 'The open deletion of the same target, or the one by which it is gone.' })
  @Needs('operator')
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body get the same answer for 24 h.',
  })
  @SerializeOptions({ schema: deletionSchema })
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
        requestedBy: caller.apiKeyId,
      };
      const address = { scope: caller.scope, authorizerAppid: body.merchant, componentAppid: body.component_appid };
      const act = this.audit.deferredPart(caller, actOn({ ...wish, ...targetColumns(target) }, 'deletion.accepted'));
      const { deletion, isNew, shared } = await this.intake.accept(sql, address, wish, act);
      const resource = warnedResource(deletion, shared);
      return { status: isNew ? 202 : 200, body: ignored.length > 0 ? { ...resource, ignored } : resource };
    });
    if (answer.status === 202) {
      this.logger.log('deletion accepted', { deletion_id: answer.body.id, authorizer_appid: answer.body.merchant });
    }
    void reply.status(answer.status);
    return answer.body;
  }

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(deletionSchema) })
  async list(@Caller() { scope }: Principal, @Query({ schema: listDeletionsSchema }) query: ListDeletions) {
    const { limit, cursor, state, msg_id: msgId, takedown, created_after, created_before } = query;
    const merchant = query.merchant
      ? await this.merchants.find(scope, query.merchant, query.component_appid)
      : undefined;
    const found = await this.deletions.list(scope, {
      merchantId: merchant?.id,
      state,
      msgId,
      takedownId: takedown,
      createdAfter: created_after,
      createdBefore: created_before,
      limit: limit + 1,
      after: cursor,
    });
    return pageOf(found, limit, deletionResource);
  }

  @Get(':id')
  @Needs('viewer')
  @SerializeOptions({ schema: deletionSchema })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    const deletion = await this.deletions.get(scope, id);
    const eta = await this.laneReports.etaOf(deletion);
    const shared = await this.deletions.sharedBy(scope, deletion);
    return { ...warnedResource(deletion, shared), eta: eta?.toISOString() ?? null };
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

  /** Every upstream call that was made for the deletion, oldest first. */
  @Get(':id/attempts')
  @Needs('viewer')
  @SerializeOptions({ schema: attemptListSchema })
  async attempts(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    return { data: (await this.deletions.attempts(scope, id)).map(attemptResource) };
  }

  /**
   * Evidence: who asked, every call and its answer. JSON, or NDJSON or CSV where `format` or the Accept header says so;
   * chained by hashes and signed, to be checked with `npm run verify-proof`.
   */
  @Get(':id/proof')
  @Needs('viewer', 'reads')
  @DescribesProof()
  async proof(
    @AuditedCaller() caller: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: proofQuerySchema }) query: ProofQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const records = await this.proofs.ofDeletion(caller.scope, id, new Date());
    const act = actOn(await this.deletions.get(caller.scope, id), 'deletion.proof_exported');
    this.answers.send(reply, request, query, caller, {
      name: `deletion-${id}`,
      records,
      fallback: 'json',
      act: { ...act, data: {} },
    });
  }

  /**
   * Possible until the deletion is dispatched; after it, 409. A key with limits cancels what was asked for within them, by nobody
   * else: otherwise 403 `not_yours`.
   */
  @Post(':id/cancel')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: deletionSchema })
  async cancel(@AuditedCaller() caller: Actor, @Param('id', { schema: idSchema }) id: string) {
    const act = actOn(await this.deletions.get(caller.scope, id), 'deletion.cancelled');
    await this.changes.cancel(caller.scope, id, (tx) => this.audit.defer(tx, caller, act));
    return deletionResource(await this.deletions.get(caller.scope, id));
  }

  /** Puts a failed deletion back into its merchant's lane (202). If its target is gone meanwhile, the answer is the deletion that did it (200). A key with limits retries as it cancels. */
  @Post(':id/retry')
  @HttpCode(202)
  @ApiAcceptedResponse({ description: 'The deletion, in its lane again.' })
  @ApiOkResponse({ description: 'The deletion by which the target is gone.' })
  @Needs('operator')
  @SerializeOptions({ schema: deletionSchema })
  async retry(
    @AuditedCaller() caller: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: retryDeletionSchema }) query: RetryDeletion,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const act = actOn(await this.deletions.get(caller.scope, id), 'deletion.retried');
    const { deletion, isRetried } = await this.changes.retry(caller.scope, id, {
      requestedBy: caller.apiKeyId,
      allowLate: query.allow_late,
      alongside: (tx) => this.audit.defer(tx, caller, act),
    });
    void reply.status(isRetried ? 202 : 200);
    return deletionResource(deletion);
  }
}

type Subject = Pick<DeletionView, 'id' | 'msgId' | 'articleIdx' | 'url' | 'isUrgent' | 'tryAnyway'> &
  Partial<Pick<DeletionView, 'componentAppid' | 'authorizerAppid'>>;

function actOn(deletion: Subject, action: Act['action']): Act {
  const { id, componentAppid, authorizerAppid, msgId, articleIdx, url, isUrgent, tryAnyway } = deletion;
  const data = {
    msg_id: msgId,
    article_idx: articleIdx,
    url,
    urgent: isUrgent,
    ...(tryAnyway && { try_anyway: true }),
  };
  return { action, subjectType: 'deletion', subjectId: id, tenant: { componentAppid, authorizerAppid }, data };
}
