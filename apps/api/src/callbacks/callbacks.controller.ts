import { Body, Controller, HttpCode, Logger, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { currentRequestId, newRequestId } from '@app/logging';
import { CallbackInbox, type ReceivedPush } from '@app/merchants';
import { Public } from '../http/access/access.guard.js';
import { appidSchema } from '../http/requests/appid.js';
import { ProblemError } from '../http/problems/problem.js';
import { Metrics } from '../metrics/metrics.js';

/** WeChat adds parameters as it likes; the inbox checks those that count. */
const querySchema = z.record(z.string(), z.unknown());
const bodySchema = z.instanceof(Buffer, { error: 'must be XML, sent as text/xml' });

/** The two addresses that WeChat pushes to. Whatever is authentic is answered with `success`, within 5 s. */
@ApiExcludeController()
@Controller('wechat/:componentAppid')
@Public()
export class CallbacksController {
  private readonly logger = new Logger(CallbacksController.name);

  constructor(
    private readonly inbox: CallbackInbox,
    private readonly metrics: Metrics,
  ) {}

  @Post('events')
  @HttpCode(200)
  event(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: querySchema }) query: Record<string, unknown>,
    @Body({ schema: bodySchema }) body: Buffer,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const push = { componentAppid, query, body, ...rawPartsOf(request) };
    return this.receive({ ...push, channel: 'authorization' }, reply);
  }

  @Post('messages/:authorizerAppid')
  @HttpCode(200)
  message(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Param('authorizerAppid', { schema: appidSchema }) authorizerAppid: string,
    @Query({ schema: querySchema }) query: Record<string, unknown>,
    @Body({ schema: bodySchema }) body: Buffer,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const push = { componentAppid, authorizerAppid, query, body, ...rawPartsOf(request) };
    return this.receive({ ...push, channel: 'message' }, reply);
  }

  private async receive(push: Omit<ReceivedPush, 'requestId'>, reply: FastifyReply): Promise<string> {
    const receipt = await this.inbox.receive({ ...push, requestId: currentRequestId() ?? newRequestId() });
    const about = { component_appid: push.componentAppid, channel: push.channel };
    if (!receipt.accepted) {
      const { reason, ageS } = receipt;
      this.metrics.countPush(push.channel, reason);
      // The refusal itself is counted and told with others of its address.
      if (ageS !== undefined) {
        this.logger.warn("push refused for its time: it is played by somebody, or this machine's clock is wrong", {
          ...about,
          reason,
          age_s: ageS,
          setting: 'PUSH_MAX_AGE_S',
        });
      }
      throw new ProblemError('push_refused', `This is not a push of WeChat for this platform and time (${reason}).`);
    }
    const { kind, isDuplicate, flaw, isMisaddressed } = receipt;
    this.metrics.countPush(push.channel, isMisaddressed ? 'wrong_account' : isDuplicate ? 'duplicate' : 'recorded');
    if (isMisaddressed) {
      const { authorizerAppid: authorizer_appid } = push;
      this.logger.warn('push is addressed to another account than that of its path', {
        ...about,
        authorizer_appid,
        kind,
      });
    } else if (flaw) this.logger.warn('push cannot be read', { ...about, kind, is_duplicate: isDuplicate, flaw });
    else this.logger.log('push received', { ...about, kind, is_duplicate: isDuplicate });
    void reply.type(receipt.reply ? 'text/xml' : 'text/plain');
    return receipt.reply ?? 'success';
  }
}

/** The parts of a push that a forward passes on exactly as they came. */
function rawPartsOf({ raw }: FastifyRequest) {
  const [, ...query] = (raw.url ?? '').split('?');
  // Not from the headers that can be looked up: there it is what the body was read as.
  const at = raw.rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type');
  const contentType = at < 0 ? '' : (raw.rawHeaders[at + 1] ?? '');
  return { rawQuery: query.join('?'), contentType: contentType || 'text/xml' };
}
