import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AuditLog, type Principal } from '@app/access';
import { Caller, Needs } from '../http/access.guard.js';
import { pageOf, pageOfSchema, pageSchemaOf } from '../http/page.js';
import { auditEventResource, auditEventSchema } from './audit-event.js';

/** Rows are numbered by a bigint. */
const auditPageSchema = pageSchemaOf(z.string().regex(/^[1-9]\d{0,17}$/));

@ApiTags('audit')
@Controller('v1/audit-events')
export class AuditEventsController {
  constructor(private readonly audit: AuditLog) {}

  /** Who did what, newest first. A key with limits sees what was done to what it may reach. */
  @Get()
  @Needs('admin')
  @SerializeOptions({ schema: pageOfSchema(auditEventSchema) })
  async list(
    @Caller() { scope }: Principal,
    @Query({ schema: auditPageSchema }) { limit, cursor }: z.output<typeof auditPageSchema>,
  ) {
    const found = await this.audit.list(scope, { limit: limit + 1, before: cursor });
    return pageOf(
      found.map((event) => ({ id: event.seq, event })),
      limit,
      ({ event }) => auditEventResource(event),
    );
  }
}
