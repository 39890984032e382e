import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { loggable, sayWhenAgain, toProblem } from '../http/error.filter.js';
import { PAGE_HEADERS, problemPage } from './pages.js';

/** People look at these answers, so a problem is a page too, whatever found it. */
@Catch()
export class PageFilter implements ExceptionFilter {
  private readonly logger = new Logger(PageFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, title, code, detail, request_id } = toProblem(error);
    this.logger[code === 'internal_error' ? 'error' : 'warn']('authorization page failed', {
      code,
      error: loggable(code, error),
    });
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    sayWhenAgain(reply, code);
    void reply
      .status(status)
      .headers(PAGE_HEADERS)
      .send(problemPage(title, detail, request_id));
  }
}
