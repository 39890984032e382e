import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthorizationLinkOfAnother, TooManyAuthorizations } from '@app/merchants';
import { loggable, sayWhenAgain, toProblem } from '../http/server/error.filter.js';
import { languageOf } from './page-language.js';
import { PAGE_HEADERS, problemPage } from './pages.js';
import { Prefetched } from './prefetch.js';

/** People look at these answers, so a problem is a page too, whatever found it. */
@Catch()
export class PageFilter implements ExceptionFilter {
  private readonly logger = new Logger(PageFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    // A status of failure keeps the browser from using the nothing that it got when the person does ask.
    if (error instanceof Prefetched) return void reply.status(503).header('cache-control', 'no-store').send();
    const { status, code, request_id: requestId } = toProblem(error);
    this.logger[code === 'internal_error' ? 'error' : 'warn']('authorization page failed', {
      code,
      error: loggable(code, error),
    });
    sayWhenAgain(reply, code);
    if (error instanceof TooManyAuthorizations) void reply.header('retry-after', error.retryAfterSeconds);
    void reply
      .status(status)
      .headers(PAGE_HEADERS)
      .send(problemPage(languageOf(request), { code, requestId }, factsOf(error)));
  }
}

const factsOf = (error: unknown): Record<string, string> =>
  error instanceof AuthorizationLinkOfAnother ? { authorized: error.authorized, meant: error.meant } : {};
