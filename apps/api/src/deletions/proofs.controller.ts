import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '@app/access';
import { periodName, Proofs } from '@app/deletions';
import { Merchants } from '@app/merchants';
import type { Scope } from '@app/scope';
import { AuditedCaller, Needs } from '../http/access/access.guard.js';
import { tenantOf } from '../http/access/tenant-of.js';
import { Operation } from '../http/open-api/operation.js';
import { exportProofsSchema, PROOF, ProofAnswers, type ExportProofs } from './proof-answer.js';

@ApiTags('deletions')
@Controller('v1/proofs')
export class ProofsController {
  constructor(
    private readonly proofs: Proofs,
    private readonly merchants: Merchants,
    private readonly answers: ProofAnswers,
  ) {}

  @Get()
  @Needs('viewer', 'reads')
  @Operation({
    summary: 'Export the proofs of a period',
    description:
      'Evidence of every deletion that ended in the period and is kept, however it ended: who asked, every call and its answer. ' +
      'NDJSON, or CSV or JSON where `format` or the Accept header says so; chained by hashes and signed, to be checked ' +
      'with `npm run verify-proof`. The period has to have been over for five minutes, so that nothing that ended in it comes ' +
      'later. A key with limits exports what it may reach.',
    problems: ['period_not_over', 'merchant_not_found', 'platform_not_found', 'platform_required'],
    answers: { 200: PROOF },
  })
  async export(
    @AuditedCaller() caller: Actor,
    @Query({ schema: exportProofsSchema }) query: ExportProofs,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const period = { from: query.finished_after, to: query.finished_before };
    const within = await this.within(caller.scope, query);
    const records = await this.proofs.ofPeriod(caller, within, period, new Date());
    const id = periodName(period);
    this.answers.send(reply, request, query, caller, {
      name: `proofs-${id.replaceAll(':', '').replace('/', '-')}`,
      records,
      fallback: 'ndjson',
      act: {
        action: 'period.proof_exported',
        subjectType: 'period',
        subjectId: id,
        tenant: tenantOf({ scope: within }),
      },
    });
  }

  /** Without a merchant, all that the key may reach. */
  private async within(scope: Scope, { merchant, component_appid: platform }: ExportProofs): Promise<Scope> {
    if (merchant === undefined) return scope;
    await this.merchants.find(scope, merchant, platform);
    return { platforms: platform === undefined ? scope.platforms : [platform], merchants: [merchant] };
  }
}
