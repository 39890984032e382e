import { Controller, Delete, Get, HttpCode, Param, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Sessions, type Actor, type Principal } from '@app/access';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { pageOf, pageOfSchema, pageSchema } from '../http/requests/page.js';
import { sessionIdSchema, sessionResource, sessionSchema } from './session.js';

/** The sessions of all keys within the caller's limits. */
@ApiTags('sessions')
@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(sessionSchema) })
  @Operation({
    summary: 'List the sessions',
    description: 'Browsers that are signed in, newest first.',
    answers: { 200: { description: 'A page of sessions.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: pageSchema }) query: z.output<typeof pageSchema>) {
    const found = await this.sessions.list(scope, { limit: query.limit + 1, after: query.cursor });
    return pageOf(found, query.limit, sessionResource);
  }

  @Delete(':id')
  @HttpCode(204)
  @Needs('admin')
  @Operation({
    summary: 'End a session',
    description: 'Ends a session for good. It takes a second, and then no process lets it in.',
    problems: ['session_not_found'],
    answers: { 204: { description: 'The session has ended.' } },
  })
  async end(@AuditedCaller() actor: Actor, @Param('id', { schema: sessionIdSchema }) id: string): Promise<void> {
    await this.sessions.end(actor, id);
  }
}
