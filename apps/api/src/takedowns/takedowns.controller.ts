import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
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
import { ApiConsumes, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AuditLog, Idempotency, type Act, type Actor, type AuditData, type Principal } from '@app/access';
import {
  DeletionViews,
  LaneForecasts,
  Proofs,
  TakedownBrokenOff,
  TakedownDoor,
  TakedownDryRun,
  TakedownIntake,
  Takedowns,
  type TakedownView,
} from '@app/deletions';
import { readFeedCursor } from '@app/events';
import { currentRequestId, newRequestId } from '@app/logging';
import type { Scope } from '@app/scope';
import { deletionResource, deletionSchema, idSchema } from '../deletions/deletion.js';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { IdempotencyKey } from '../http/requests/idempotency-key.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { ProblemError } from '../http/problems/problem.js';
import { DescribesProof, proofQuerySchema, sendProof, type ProofQuery } from '../deletions/proof-answer.js';
import { TakedownStream } from './takedown-stream.js';
import { selectionOf, type Selection } from './selection.js';
import {
  createTakedownSchema,
  dryRunResource,
  dryRunSchema,
  errorsOf,
  listRejectionsSchema,
  listTakedownDeletionsSchema,
  listTakedownsSchema,
  MAX_ERRORS,
  rejectionSchema,
  takedownOptionsSchema,
  takedownResource,
  takedownSchema,
  type CreateTakedown,
  type DryRunResource,
  type LineError,
  type ListRejections,
  type ListTakedownDeletions,
  type ListTakedowns,
  type Progress,
  type TakedownOptions,
  type TakedownResource,
} from './takedown.js';

/** So long a client waits for deletions to be made that it has asked for: a million take half a minute. */
const MAX_PATIENCE_MS = 5_000;

@ApiTags('takedowns')
@Controller('v1/takedowns')
export class TakedownsController {
  private readonly logger = new Logger(TakedownsController.name);

  constructor(
    private readonly takedowns: Takedowns,
    private readonly intake: TakedownIntake,
    private readonly door: TakedownDoor,
    private readonly deletions: DeletionViews,
    private readonly dryRun: TakedownDryRun,
    private readonly forecasts: LaneForecasts,
    private readonly proofs: Proofs,
    private readonly stream: TakedownStream,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Accepts what can be accepted (202) and lists the rest under `errors`. As NDJSON it takes any number of items, one a line;
   * the options then stand in the query string. Nothing is deleted before all of the body has arrived. Of very many items, some
   * may still be coming into their lanes when this is answered: the takedown is then `receiving`, and its numbers grow.
   */
  @Post()
  @HttpCode(202)
  @Needs('operator', 'works')
  @ApiConsumes('application/json', 'application/x-ndjson')
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body get the same takedown for 24 h.',
  })
  @SerializeOptions({ schema: z.union([takedownSchema, dryRunSchema]) })
  async create(
    @AuditedCaller() caller: Actor,
    @Body({ schema: createTakedownSchema }) body: CreateTakedown | Readable,
    @Query({ schema: takedownOptionsSchema }) query: TakedownOptions,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TakedownResource | DryRunResource> {
    const options = optionsOf(body, query);
    const selection = selectionOf(
      body,
      this.door.open(caller.scope, {
        again: options.again,
        tryAnyway: options.try_anyway,
        allowLate: options.allow_late,
        isUrgent: options.priority === 'urgent',
        requestedBy: caller.apiKeyId,
        refusesShared: options.if_shared === 'refuse',
      }),
    );
    if (options.dry_run) {
      void reply.status(200);
      const wish = { isUrgent: options.priority === 'urgent', undoSeconds: options.undo_seconds, scope: caller.scope };
      return this.tryOut(selection, wish);
    }
    const id = await this.intake.begin({
      isUrgent: options.priority === 'urgent',
      reason: options.reason ?? null,
      metadata: options.metadata,
      undoSeconds: options.undo_seconds,
      requestedBy: caller.apiKeyId,
      requestId: currentRequestId() ?? newRequestId(),
      scope: caller.scope,
    });
    await this.receive(id, selection);
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
          urgent: options.priority === 'urgent',
          reason: options.reason ?? null,
          ...(options.try_anyway && { try_anyway: true }),
        };
        await this.audit.note(tx, caller, actOn(id, caller, 'takedown.accepted', data));
        return { status: 202, body: { id } };
      })
      .finally(() => this.intake.discard(id));
    await this.releaseFor(started.body.id, options.undo_seconds);
    const takedown = await this.takedowns.get(caller.scope, started.body.id);
    const { accepted, alreadyOpen, alreadyDeleted, rejected } = takedown;
    const counts = { accepted, already_open: alreadyOpen, already_deleted: alreadyDeleted, rejected };
    this.logger.log('takedown accepted', { takedown_id: takedown.id, ...counts });
    void reply.status(started.status);
    const errors = errorsOf(await this.takedowns.rejections(takedown.id, MAX_ERRORS));
    return { ...takedownResource(takedown, await this.progressOf(takedown)), errors };
  }

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(takedownSchema) })
  async list(@Caller() { scope }: Principal, @Query({ schema: listTakedownsSchema }) query: ListTakedowns) {
    const { limit, cursor, state } = query;
    const found = await this.takedowns.list(scope, { state, limit: limit + 1, after: cursor });
    return pageOf(found, limit, (takedown) => takedownResource(takedown));
  }

  @Get(':id')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: takedownSchema })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    const takedown = await this.takedowns.get(scope, id);
    return takedownResource(takedown, await this.progressOf(takedown));
  }

  /** Its deletions, newest first, those included that were open or deleted already. */
  @Get(':id/deletions')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(deletionSchema) })
  async listDeletions(
    @Caller() { scope }: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: listTakedownDeletionsSchema }) { limit, cursor, state }: ListTakedownDeletions,
  ) {
    await this.takedowns.get(scope, id);
    const found = await this.deletions.list(scope, { takedownId: id, state, limit: limit + 1, after: cursor });
    return pageOf(found, limit, deletionResource);
  }

  /** What was not accepted, by line. */
  @Get(':id/rejections')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(rejectionSchema) })
  async listRejections(
    @Caller() { scope }: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: listRejectionsSchema }) { limit, cursor }: ListRejections,
  ) {
    await this.takedowns.get(scope, id);
    const found = await this.takedowns.rejections(id, limit + 1, Number(cursor ?? 0));
    const withIds = found.map((rejection) => ({ ...rejection, id: String(rejection.line) }));
    return pageOf(withIds, limit, (rejection) => rejection);
  }

  /**
   * Progress as server-sent events: `progress` at most once a second, `deletion` for each of its own that ends, `finished`,
   * and then the stream ends. With `Last-Event-ID` it goes on where it was cut off; without, it starts now.
   * It also ends when the key does. A key may have 20 open at a time.
   */
  @Get(':id/events')
  @Needs('viewer', 'stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last event that was read.' })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async follow(
    @Caller() caller: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    // Closed while the key was looked up: that is not told again.
    if (reply.raw.destroyed) gone.abort();
    const lastEventId = request.headers['last-event-id'];
    if (lastEventId !== undefined) readFeedCursor(String(lastEventId));
    await this.takedowns.get(caller.scope, id);
    const pieces = this.stream.follow(caller, id, lastEventId?.toString(), gone.signal);
    void reply
      .type('text/event-stream')
      // A proxy that gathers or keeps them would make events of little use.
      .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' })
      .send(Readable.from(pieces));
  }

  /**
   * Evidence of each of its deletions: who asked, every call and its answer. NDJSON, or CSV or JSON where `format` or the
   * Accept header says so; chained by hashes, to be checked with `npm run verify-proof`.
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
    const records = await this.proofs.ofTakedown(caller.scope, id, new Date());
    const within = scopeOf(await this.takedowns.get(caller.scope, id));
    sendProof(reply, request, query, {
      name: `takedown-${id}`,
      records,
      fallback: 'ndjson',
      seal: ({ count, lastHash, format }) =>
        this.audit.record(caller, actOn(id, within, 'takedown.proof_exported', { count, last_hash: lastHash, format })),
    });
  }

  /** Stops everything that was not dispatched yet. Deletions of others that it found open go on. */
  @Post(':id/cancel')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: takedownSchema })
  async cancel(@AuditedCaller() caller: Actor, @Param('id', { schema: idSchema }) id: string) {
    const before = await this.takedowns.get(caller.scope, id);
    const act = actOn(id, scopeOf(before), 'takedown.cancelled');
    const { cancelled, tooLate } = await this.takedowns.cancel(caller.scope, id, (tx) =>
      this.audit.note(tx, caller, act),
    );
    this.logger.log('takedown cancelled', { takedown_id: id, cancelled, too_late: tooLate });
    const takedown = await this.takedowns.get(caller.scope, id);
    return { ...takedownResource(takedown, await this.progressOf(takedown)), cancelled, too_late: tooLate };
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

  /**
   * Makes its deletions, but does not keep the client waiting for the last of very many: whoever may want to stop it has to
   * learn its id while the undo window is open. The rest goes on without the client; should this process die, with a worker.
   */
  private async releaseFor(id: string, undoSeconds: number): Promise<void> {
    const patienceMs = undoSeconds > 0 ? Math.min(MAX_PATIENCE_MS, undoSeconds * 250) : MAX_PATIENCE_MS;
    const enough = new AbortController();
    const released = this.intake
      .release(id)
      .catch((error: unknown) => this.logger.warn('a worker goes on with a takedown', { takedown_id: id, error }))
      .finally(() => enough.abort());
    await Promise.race([released, delay(patienceMs, undefined, { signal: enough.signal }).catch(() => undefined)]);
  }

  private async progressOf({ id, isUrgent }: TakedownView): Promise<Progress> {
    const { eta } = await this.forecasts.ofTakedown(id, isUrgent);
    return { counts: await this.takedowns.counts(id), eta };
  }

  /** Puts the items by while the next are being read. */
  private async receive(id: string, { batches }: Selection): Promise<void> {
    let staged = Promise.resolve();
    try {
      for await (const { items, rejections } of batches) {
        await staged;
        staged = this.intake.stage(id, items, rejections);
        // It is awaited with the next batch: until then its failure must not count as nobody's.
        staged.catch(() => undefined);
      }
      await staged;
    } catch (error) {
      await staged.catch(() => undefined);
      await this.intake.breakOff(id);
      throw isConnectionLost(error) ? new TakedownBrokenOff(id) : error;
    }
  }
}

const scopeOf = ({ scopePlatforms, scopeMerchants }: TakedownView) => ({
  scope: { platforms: scopePlatforms, merchants: scopeMerchants },
});

/** Keys with limits see the acts on takedowns that were asked for within one platform or merchant of theirs. */
function actOn(id: string, { scope }: Pick<Actor, 'scope'>, action: Act['action'], data?: AuditData): Act {
  const [componentAppid, authorizerAppid] = [scope.platforms, scope.merchants].map((names) =>
    names?.length === 1 ? names[0] : undefined,
  );
  return {
    action,
    subjectType: 'takedown',
    subjectId: id,
    tenant: { componentAppid, authorizerAppid },
    ...(data && { data }),
  };
}

const isConnectionLost = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ECONNRESET';

/** A body of NDJSON has no room for options, and one of JSON has them all. */
function optionsOf(body: CreateTakedown | Readable, query: TakedownOptions) {
  if (body instanceof Readable) {
    const { priority = 'normal', undo_seconds = 0, dry_run = false, ...rest } = query;
    return { priority, undo_seconds, dry_run, ...rest, metadata: {} };
  }
  const [field] = Object.keys(query);
  if (field === undefined) return body;
  const message = 'belongs into the body when that is JSON';
  throw new ProblemError('invalid_request', `${field}: ${message}`, { errors: [{ field, message }] });
}
