import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessError } from '@app/access';
import {
  DeletionsError,
  EtaTooLate,
  MerchantNotEligible,
  NothingAccepted,
  PendingTooMany,
  PeriodNotKept,
  PeriodNotOver,
  SharedMaterial,
} from '@app/deletions';
import { FeedCursorRefused } from '@app/events';
import { MerchantsError } from '@app/merchants';
import { QueueError } from '@app/queue';
import { withoutStack } from '@app/logging';
import { WebhooksError } from '@app/webhooks';
import { WechatError } from '@app/wechat';
import { problemOf, ProblemError, seenAt, type Problem } from '../problems/problem.js';
import { networkOf } from '../access/network.js';
import { isProblemCode, type ProblemCode } from '../problems/problems.js';
import { Refusals } from './refusals.js';
import { describeShortage, isShortage, shortageOf } from '../problems/shortages.js';
import { JsonRefused } from '../bodies/strict-json.js';

/** The one place where errors become answers. What is not known here says nothing about itself to the caller. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  constructor(
    private readonly refusals: Refusals,
    private readonly publicUrl: string,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const problem = toProblem(error, request);
    // Readiness says itself, once, what is short of what; probes go on all the while.
    if (problem.status >= 500 && problem.code !== 'not_ready') {
      const level = problem.code === 'internal_error' ? 'error' : 'warn';
      this.logger[level]('request failed', { code: problem.code, error: loggable(problem.code, error) });
    }
    if (REFUSED.includes(problem.status)) this.note(problem, request);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    sayWhenAgain(reply, problem.code);
    // A problem is the same whatever the request accepts.
    void reply
      .removeHeader('vary')
      .status(problem.status)
      .type('application/problem+json')
      .send(seenAt(this.publicUrl, problem));
  }

  private note({ code, detail }: Problem, { ip, method, routeOptions, params }: FastifyRequest): void {
    const { componentAppid } = (params ?? {}) as { componentAppid?: string };
    this.refusals.note(networkOf(ip), {
      code,
      detail,
      method,
      route: routeOptions.url,
      component_appid: componentAppid?.slice(0, 64),
    });
  }
}

const REFUSED = [401, 403];

/**
 * Only of what nobody foresaw somebody needs to know where it happened. Strangers can bring about the rest as often as
 * they like, and everything fails at once while something is away.
 */
export const loggable = (code: string, error: unknown): unknown =>
  code === 'internal_error' ? error : withoutStack(error);

export function sayWhenAgain(reply: FastifyReply, code: string): void {
  if (isShortage(code)) void reply.header('retry-after', describeShortage(code).retryAfterSeconds);
}

export function toProblem(error: unknown, request?: FastifyRequest): Problem {
  if (isHungUp(error, request)) return problemOf('malformed_body', DETAILS.malformed_body ?? '');
  if (error instanceof ProblemError) return problemOf(error.code, error.message, error.members);
  if (error instanceof JsonRefused) {
    const { code, message, field, offset } = error;
    return problemOf(code, message, { errors: [{ field, message }], offset });
  }
  if (error instanceof WechatError) {
    const { operation, errcode, errmsg, rid } = error;
    return problemOf('upstream_failed', error.message, { upstream: { operation, errcode, errmsg, rid } });
  }
  const shortage = shortageOf(error);
  if (shortage) return problemOf(shortage, describeShortage(shortage).detail);
  if (isOurs(error) && isProblemCode(error.code)) return problemOf(error.code, error.message, membersOf(error));
  const code = codeOfStatus(statusOf(error));
  return code
    ? problemOf(code, DETAILS[code] ?? '')
    : problemOf('internal_error', 'The cause is in our log, under the request id.');
}

/** Who sent the body did so in its middle: nobody will read the answer, and nothing of ours has failed. */
const isHungUp = (error: unknown, request: FastifyRequest | undefined): boolean =>
  error instanceof Object && request?.raw.errored === error;

/** The facts that clients read from a problem, beside its code. */
function membersOf(error: Error): Record<string, unknown> {
  if (error instanceof MerchantNotEligible) return { reasons: error.reasons };
  if (error instanceof PendingTooMany) return { ceiling: error.ceiling, limit: error.limit };
  if (error instanceof PeriodNotOver) return { settled_until: error.settledUntil.toISOString() };
  if (error instanceof PeriodNotKept) return { kept_since: error.keptSince.toISOString() };
  if (error instanceof EtaTooLate) return { eta: error.eta.toISOString(), latest: error.latest.toISOString() };
  if (error instanceof NothingAccepted) return { errors: error.rejections };
  if (error instanceof SharedMaterial) {
    return { sends: error.sends.map(({ msgId, articleIdx }) => ({ msg_id: msgId, article_idx: articleIdx })) };
  }
  return {};
}

const isOurs = (error: unknown): error is Error & { code: string } =>
  error instanceof MerchantsError ||
  error instanceof DeletionsError ||
  error instanceof AccessError ||
  error instanceof QueueError ||
  error instanceof WebhooksError ||
  error instanceof FeedCursorRefused;

/** Errors of Nest and Fastify, by their status: their texts may repeat what was sent. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // Under jest, errors of Node come from another realm.
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

const DETAILS: Partial<Record<ProblemCode, string>> = {
  malformed_body: 'The body is not valid JSON, or does not match its Content-Type and length.',
  not_found: 'No route has this path.',
  malformed_request: 'This is not a request that can be answered.',
  payload_too_large: 'Send a smaller body.',
  unsupported_media_type: 'Send application/json, in UTF-8.',
};

function codeOfStatus(status: number | undefined): ProblemCode | undefined {
  switch (status) {
    case 400:
      return 'malformed_body';
    // Said of files only, when a path leads out of their folder: there is nothing.
    case 403:
    case 404:
      return 'not_found';
    case 405:
      return 'method_not_allowed';
    case 408:
      return 'request_timeout';
    case 413:
      return 'payload_too_large';
    case 415:
      return 'unsupported_media_type';
    case 414:
      return 'address_too_long';
    case 431:
      return 'head_too_large';
    default:
      return status !== undefined && status >= 400 && status < 500 ? 'malformed_request' : undefined;
  }
}
