import { Controller, Get, HttpCode, Param, Post, Query, Req, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditLog, type Actor, type Principal } from '@app/access';
import { DeletionChanges, DeletionViews, LaneReports, Proofs } from '@app/deletions';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import { actOn } from './deletion-act.js';
import { PROOF, ProofAnswers, proofQuerySchema, type ProofQuery } from './proof-answer.js';
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
  @Operation({
    summary: 'Read a deletion',
    description:
      'With `eta`: when it will leave the lane of its merchant, as things stand. One that ended longer ago than ' +
      'deletions are kept (`DELETIONS_RETENTION_DAYS`) is not found, unless it succeeded: then what is known of its ' +
      'target stays, and the answer has `pruned`.',
    problems: ['deletion_not_found'],
    answers: { 200: { description: 'The deletion.' } },
  })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    const deletion = await this.deletions.get(scope, id);
    const eta = await this.laneReports.etaOf(deletion);
    const shared = await this.deletions.sharedBy(scope, deletion);
    return { ...warnedResource(deletion, shared), eta: eta?.toISOString() ?? null };
  }

  @Get(':id/attempts')
  @Needs('viewer')
  @SerializeOptions({ schema: attemptListSchema })
  @Operation({
    summary: 'List the calls of a deletion',
    description: 'Every upstream call that was made for it, oldest first, with WeChat’s answer.',
    problems: ['deletion_not_found'],
    answers: { 200: { description: 'All of its calls.' } },
  })
  async attempts(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    return { data: (await this.deletions.attempts(scope, id)).map(attemptResource) };
  }

  @Get(':id/proof')
  @Needs('viewer', 'reads')
  @Operation({
    summary: 'Export the proof of a deletion',
    description:
      'Evidence: who asked, every call and its answer. JSON, or NDJSON or CSV where `format` or the Accept ' +
      'header says so; chained by hashes and signed, to be checked with `npm run verify-proof`. Of a deletion that is ' +
      '`pruned`, the calls and who asked are known no more: its `proof_note` says so.',
    problems: ['deletion_not_found'],
    answers: { 200: PROOF },
  })
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

  @Post(':id/cancel')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: deletionSchema })
  @Operation({
    summary: 'Cancel a deletion',
    description:
      'Possible until it is dispatched; after that, 409 `deletion_state_conflict`. A key with limits ' +
      'cancels what was asked for within them, by nobody else: otherwise 403 `not_yours`.',
    problems: ['deletion_not_found', 'deletion_state_conflict', 'not_yours'],
    answers: { 200: { description: 'The deletion, cancelled.' } },
  })
  async cancel(@AuditedCaller() caller: Actor, @Param('id', { schema: idSchema }) id: string) {
    const act = actOn(await this.deletions.get(caller.scope, id), 'deletion.cancelled');
    await this.changes.cancel(caller.scope, id, (tx) => this.audit.defer(tx, caller, act));
    return deletionResource(await this.deletions.get(caller.scope, id));
  }

  @Post(':id/retry')
  @MadeAt(({ id }) => `/v1/deletions/${id}`)
  @HttpCode(202)
  @Needs('operator')
  @SerializeOptions({ schema: deletionSchema })
  @Operation({
    summary: 'Retry a deletion that failed',
    description:
      'Puts it back into its merchant’s lane (202). If its target is gone meanwhile, the answer is the ' +
      'deletion that did it (200). A key with limits retries what was asked for within them, by nobody ' +
      'else: otherwise 403 `not_yours`.',
    problems: [
      'deletion_not_found',
      'deletion_state_conflict',
      'not_yours',
      'merchant_not_eligible',
      'message_not_sent',
      'article_not_in_message',
      'pending_too_many',
      'eta_too_late',
    ],
    answers: {
      200: { description: 'The deletion by which the target is gone.' },
      202: { description: 'The deletion, in its lane again.' },
    },
  })
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
