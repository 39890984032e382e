import { Controller, Get, HttpCode, Logger, Param, Post, Query, Req, Res, SerializeOptions } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditLog, type Actor, type Principal } from '@app/access';
import { Proofs, TakedownCancel, Takedowns } from '@app/deletions';
import { idSchema } from '../deletions/deletion.js';
import { PROOF, ProofAnswers, proofQuerySchema, type ProofQuery } from '../deletions/proof-answer.js';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { EVENT_STREAM } from '../events/open-streams.js';
import { Operation } from '../http/open-api/operation.js';
import { actOn, scopeOf } from './takedown-act.js';
import { TakedownStream } from './takedown-stream.js';
import { takedownResource, takedownSchema } from './takedown.js';

/** The routes of one takedown. */
@ApiTags('takedowns')
@Controller('v1/takedowns')
export class TakedownsByIdController {
  private readonly logger = new Logger(TakedownsByIdController.name);

  constructor(
    private readonly takedowns: Takedowns,
    private readonly canceller: TakedownCancel,
    private readonly proofs: Proofs,
    private readonly answers: ProofAnswers,
    private readonly stream: TakedownStream,
    private readonly audit: AuditLog,
  ) {}

  @Get(':id')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: takedownSchema })
  @Operation({
    summary: 'Read a takedown',
    description:
      'Its progress: its deletions by state, and when the last of them will leave its lane. Of a takedown with a thousand ' +
      'deletions or more, this may be some seconds old until it has ended.',
    problems: ['takedown_not_found'],
    answers: { 200: { description: 'The takedown.' } },
  })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    const takedown = await this.takedowns.get(scope, id);
    return takedownResource(takedown, await this.takedowns.recentProgress(takedown));
  }

  @Get(':id/events')
  @Needs('viewer', 'stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last event that was read.' })
  @Operation({
    summary: 'Follow a takedown',
    description:
      'Progress as server-sent events: `progress` at most once a second, `deletion` for each of its own ' +
      'that ends, `finished`, and then the stream ends. With `Last-Event-ID` it goes on where it was cut ' +
      'off; without, it starts now. It also ends when the key does. A key may have 20 open at a time.',
    problems: ['takedown_not_found', 'feed_cursor_invalid', 'feed_cursor_expired'],
    answers: {
      200: { description: 'Events until the takedown is finished.', content: { 'text/event-stream': EVENT_STREAM } },
    },
  })
  async follow(
    @Caller() caller: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const lastEventId = request.headers['last-event-id'];
    await this.takedowns.get(caller.scope, id);
    await this.stream.send(caller, reply, id, lastEventId?.toString());
  }

  @Get(':id/proof')
  @Needs('viewer', 'reads')
  @Operation({
    summary: 'Export the proof of a takedown',
    description:
      'Evidence of each of its deletions: who asked, every call and its answer. NDJSON, or CSV or JSON ' +
      'where `format` or the Accept header says so; chained by hashes and signed, to be checked with `npm run ' +
      'verify-proof`.',
    problems: ['takedown_not_found'],
    answers: { 200: PROOF },
  })
  async proof(
    @AuditedCaller() caller: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: proofQuerySchema }) query: ProofQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const records = await this.proofs.ofTakedown(caller.scope, id, new Date());
    const within = scopeOf(await this.takedowns.get(caller.scope, id));
    this.answers.send(reply, request, query, caller, {
      name: `takedown-${id}`,
      records,
      fallback: 'ndjson',
      act: actOn(id, within, 'takedown.proof_exported'),
    });
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: takedownSchema })
  @Operation({
    summary: 'Cancel a takedown',
    description: 'Stops everything that was not dispatched yet. Deletions of others that it found open go on.',
    problems: ['takedown_not_found', 'takedown_state_conflict'],
    answers: {
      200: { description: 'The takedown, with how many deletions were stopped and for how many it came too late.' },
    },
  })
  async cancel(@AuditedCaller() caller: Actor, @Param('id', { schema: idSchema }) id: string) {
    const before = await this.takedowns.get(caller.scope, id);
    const act = actOn(id, scopeOf(before), 'takedown.cancelled');
    const { cancelled, tooLate } = await this.canceller.cancel(caller.scope, id, (tx) =>
      this.audit.defer(tx, caller, act),
    );
    this.logger.log('takedown cancelled', { takedown_id: id, cancelled, too_late: tooLate });
    const takedown = await this.takedowns.get(caller.scope, id);
    return { ...takedownResource(takedown, await this.takedowns.progress(takedown)), cancelled, too_late: tooLate };
  }
}
