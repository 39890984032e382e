import { Controller, Get, HttpCode, Param, Post, Query, Req, Res, SerializeOptions } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditLog, type Actor, type Principal } from '@app/access';
import { DeletionChanges, DeletionViews, LaneReports, Proofs } from '@app/deletions';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import { actOn } from './deletion-act.js';
import { DescribesProof, ProofAnswers, proofQuerySchema, type ProofQuery } from './proof-answer.js';
import {
  attemptListSchema,
  attemptResource,
  deletionResource,
  deletionSchema,
  idSchema,
  retryDeletionSchema,
  warnedResource,
  type RetryDeletion,
} from './deletion.js';

@ApiTags('deletions')
@Controller('v1/deletions')
export class DeletionsByIdController {
  constructor(
    private readonly deletions: DeletionViews,
    private readonly changes: DeletionChanges,
    private readonly laneReports: LaneReports,
    private readonly proofs: Proofs,
    private readonly answers: ProofAnswers,
    private readonly audit: AuditLog,
  ) {}

  @Get(':id')
  @Needs('viewer')
  @SerializeOptions({ schema: deletionSchema })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    const deletion = await this.deletions.get(scope, id);
    const eta = await this.laneReports.etaOf(deletion);
    const shared = await this.deletions.sharedBy(scope, deletion);
    return { ...warnedResource(deletion, shared), eta: eta?.toISOString() ?? null };
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
  @MadeAt(({ id }) => `/v1/deletions/${id}`)
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
