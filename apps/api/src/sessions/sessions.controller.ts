import { Controller, Delete, Get, HttpCode, Param, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Sessions, type Actor, type Principal } from '@app/access';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { pageOf, pageOfSchema, pageSchema } from '../http/requests/page.js';
import { sessionIdSchema, sessionResource, sessionSchema } from './session.js';

/** The sessions of all keys within the caller's limits. */
@ApiTags('sessions')
@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  /** Browsers that are signed in, newest first. */
  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(sessionSchema) })
  async list(@Caller() { scope }: Principal, @Query({ schema: pageSchema }) query: z.output<typeof pageSchema>) {
    const found = await this.sessions.list(scope, { limit: query.limit + 1, after: query.cursor });
    return pageOf(found, query.limit, sessionResource);
  }

  /** Ends a session for good. It takes a second, and then no process lets it in. */
  @Delete(':id')
  @HttpCode(204)
  @Needs('admin')
  async end(@AuditedCaller() actor: Actor, @Param('id', { schema: sessionIdSchema }) id: string): Promise<void> {
    await this.sessions.end(actor, id);
  }
}
