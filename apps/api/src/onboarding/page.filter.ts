import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthorizationLinkOfAnother, Onboarding, TooManyAuthorizations, type Failed } from '@app/merchants';
import { loggable, sayWhenAgain, toProblem } from '../http/server/error.filter.js';
import { languageOf } from './page-language.js';
import { PAGE_HEADERS, problemPage } from './pages.js';
import { Prefetched } from './prefetch.js';

/** People look at these answers, so a problem is a page too, whatever found it. */
@Catch()
export class PageFilter implements ExceptionFilter {
  private readonly logger = new Logger(PageFilter.name);

  constructor(private readonly onboarding: Onboarding) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    // A status of failure keeps the browser from using the nothing that it got when the person does ask.
    if (error instanceof Prefetched) return void reply.status(503).header('cache-control', 'no-store').send();
    const { status, code, request_id: requestId } = toProblem(error, request);
    // Anybody may open such a page by an address that leads nowhere.
    const level = code === 'internal_error' ? 'error' : status >= 500 ? 'warn' : 'log';
    this.logger[level]('authorization page failed', {
      code,
      error: loggable(code, error),
    });
    sayWhenAgain(reply, code);
    if (error instanceof TooManyAuthorizations) void reply.header('retry-after', error.retryAfterSeconds);
    // Where too much is asked already, whose page it is would be one question more.
    const isForLater = reply.hasHeader('retry-after');
    const failed = isForLater ? undefined : await this.whose(request);
    const provider = failed && this.onboarding.provider(failed.platform);
    void reply
      .status(status)
      .headers(PAGE_HEADERS)
      .send(
        problemPage(
          { language: languageOf(request), provider },
          { code, requestId, facts: factsOf(error), returnUrl: failed?.returnUrl ?? null },
        ),
      );
  }

  /** The page shows what it can: of an unknown platform that is nothing. */
  private async whose({ params, query }: FastifyRequest): Promise<Failed | undefined> {
    const { componentAppid } = params as Record<string, string>;
    const { state, link } = query as Record<string, unknown>;
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
    try {
      return await this.onboarding.failed(componentAppid ?? '', { state: text(state), link: text(link) });
    } catch {
      return undefined;
    }
  }
}

const factsOf = (error: unknown): Record<string, string> =>
  error instanceof AuthorizationLinkOfAnother ? { authorized: error.authorized, meant: error.meant } : {};
