import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../http/access/access.guard.js';
import { ProblemError } from '../http/problems/problem.js';
import { isProblemCode } from '../http/problems/problems.js';
import { PAGE_POLICY } from '../http/server/security-headers.js';
import { problemIndexPage, problemPage } from './problem-pages.js';

/** Where the `type` of a problem leads: a page for each code. */
@ApiExcludeController()
@Controller('docs/problems')
@Public()
export class ProblemPagesController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  index(): string {
    return problemIndexPage();
  }

  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', PAGE_POLICY)
  page(@Param('code', { schema: z.string().max(100) }) code: string): string {
    if (!isProblemCode(code)) throw new ProblemError('not_found', 'No problem has this code.');
    return problemPage(code);
  }
}
