import { Body, Controller, Get, HttpCode, Logger, Post, Query, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { AuditLog, Idempotency, type Actor, type Principal } from '@app/access';
import { TakedownDryRun, TakedownIntake, TakedownRelease, Takedowns, TakedownTriage } from '@app/deletions';
import { currentRequestId, newRequestId } from '@app/logging';
import type { Scope } from '@app/scope';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { StreamedBody } from '../http/bodies/streamed-bodies.js';
import { Operation } from '../http/open-api/operation.js';
import { ProblemError } from '../http/problems/problem.js';
import { IdempotencyKey, tellRepeat } from '../http/requests/idempotency-key.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { selectionOf, type Selection } from './selection.js';
import { actOn } from './takedown-act.js';
import {
  createTakedownSchema,
  dryRunResource,
  dryRunSchema,
  errorsOf,
  listTakedownsSchema,
  MAX_ERRORS,
  takedownOptionsSchema,
  takedownResource,
  takedownSchema,
  type CreateTakedown,
  type DryRunResource,
  type LineError,
  type ListTakedowns,
  type TakedownOptions,
  type TakedownResource,
} from './takedown.js';

const MAX_PATIENCE_MS = 5_000;

/**
 * A client waits so long for the deletions that it has asked for to be made: those of a million lines take half a minute. To stop
 * them it has to learn the id of the takedown while the undo window is open.
 */
const patienceMs = (undoSeconds: number) =>
  undoSeconds > 0 ? Math.min(MAX_PATIENCE_MS, undoSeconds * 250) : MAX_PATIENCE_MS;

@ApiTags('takedowns')
@Controller('v1/takedowns')
export class TakedownsController {
  private readonly logger = new Logger(TakedownsController.name);

  constructor(
    private readonly takedowns: Takedowns,
    private readonly intake: TakedownIntake,
    private readonly release: TakedownRelease,
    private readonly triage: TakedownTriage,
    private readonly dryRun: TakedownDryRun,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @MadeAt(({ id }) => `/v1/takedowns/${id}`)
  @HttpCode(202)
  @Needs('operator', 'works')
  @SerializeOptions({ schema: z.union([takedownSchema, dryRunSchema]) })
  @Operation({
    summary: 'Ask for a takedown',
    description:
      'Accepts what can be accepted (202) and lists the rest under `errors`. As NDJSON, or as CSV with a head that ' +
      'names the same fields, it takes any number of items, one a line; the options then stand in the query string. Nothing is deleted before all of ' +
      'the body has arrived. Of very many items, some may still be coming into their lanes when this is ' +
      'answered: the takedown is then `receiving`, and its numbers grow. With `dry_run` nothing is changed, ' +
      'and the answer (200) says what would happen.',
    problems: ['nothing_accepted', 'takedown_broken_off'],
    answers: {
      200: { description: 'Of a dry run: what would happen.', schema: dryRunSchema },
      202: { description: 'The takedown, with what was not accepted.', schema: takedownSchema },
    },
    repeats: 'The same key and body get the same takedown.',
  })
  async create(
    @AuditedCaller() caller: Actor,
    @Body({ schema: createTakedownSchema }) body: CreateTakedown | StreamedBody,
    @Query({ schema: takedownOptionsSchema }) query: TakedownOptions,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TakedownResource | DryRunResource> {
    const options = optionsOf(body, query);
    const isUrgent = options.priority === 'urgent';
    const selection = selectionOf(
      body,
      this.triage.ofUpload(caller.scope, {
        again: options.again,
        tryAnyway: options.try_anyway,
        allowLate: options.allow_late,
        isUrgent,
        requestedBy: caller.apiKeyId,
        refusesShared: options.if_shared === 'refuse',
      }),
    );
    if (options.dry_run) {
      void reply.status(200);
      return this.tryOut(selection, { isUrgent, undoSeconds: options.undo_seconds, scope: caller.scope });
    }
    const wish = {
      isUrgent,
      reason: options.reason ?? null,
      metadata: options.metadata,
      undoSeconds: options.undo_seconds,
      requestedBy: caller.apiKeyId,
      requestId: currentRequestId() ?? newRequestId(),
      scope: caller.scope,
    };
    const id = await this.intake.receive(wish, selection.batches);
    const request = {
      apiKeyId: caller.apiKeyId,
      key,
      fingerprint: ['POST /v1/takedowns', query, selection.fingerprint()],
    };
    const started = await this.idempotency
      .run(request, async (tx) => {
        const { items, rejected } = await this.intake.start(tx, id);
        const data = {
          items,
          rejected,
          urgent: isUrgent,
          reason: options.reason ?? null,
          ...(options.try_anyway && { try_anyway: true }),
        };
        await this.audit.defer(tx, caller, actOn(id, caller, 'takedown.accepted', data));
        return { status: 202, body: { id } };
      })
      .finally(() => this.intake.discard(id));
    await this.release.releaseWithin(started.body.id, patienceMs(options.undo_seconds));
    const takedown = await this.takedowns.get(caller.scope, started.body.id);
    const { accepted, alreadyOpen, alreadyDeleted, rejected } = takedown;
    const counts = { accepted, already_open: alreadyOpen, already_deleted: alreadyDeleted, rejected };
    tellRepeat(reply, started);
    if (!started.isRepeat) this.logger.log('takedown accepted', { takedown_id: takedown.id, ...counts });
    void reply.status(started.status);
    const errors = errorsOf(await this.takedowns.rejections(takedown.id, MAX_ERRORS));
    return { ...takedownResource(takedown, await this.takedowns.progress(takedown)), errors };
  }

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(takedownSchema) })
  @Operation({
    summary: 'List takedowns',
    description: 'Newest first.',
    answers: { 200: { description: 'A page of takedowns, without their counts.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listTakedownsSchema }) query: ListTakedowns) {
    const { limit, cursor, state } = query;
    const found = await this.takedowns.list(scope, { state, limit: limit + 1, after: cursor });
    return pageOf(found, limit, (takedown) => takedownResource(takedown));
  }

  private async tryOut(
    { batches }: Selection,
    wish: { isUrgent: boolean; undoSeconds: number; scope: Scope },
  ): Promise<DryRunResource> {
    const rejections: LineError[] = [];
    async function* noted() {
      for await (const batch of batches) {
        // Without their excerpts: each may be a slice that keeps its whole line in memory.
        rejections.push(...errorsOf(batch.rejections.slice(0, MAX_ERRORS - rejections.length)));
        yield batch;
      }
    }
    return dryRunResource(await this.dryRun.run(noted(), wish), rejections);
  }
}

/** A body of lines has no room for options, and one of JSON has them all. */
function optionsOf(body: CreateTakedown | StreamedBody, query: TakedownOptions) {
  if (body instanceof StreamedBody) {
    const { priority = 'normal', undo_seconds = 0, dry_run = false, ...rest } = query;
    return { priority, undo_seconds, dry_run, ...rest, metadata: {} };
  }
  const [field] = Object.keys(query);
  if (field === undefined) return body;
  const message = 'belongs into the body when that is JSON';
  throw new ProblemError('invalid_request', `${field}: ${message}`, { errors: [{ field, message }] });
}
