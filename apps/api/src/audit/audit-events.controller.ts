import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditLog, type Principal } from '@app/access';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { auditEventResource, auditEventSchema, listAuditEventsSchema, type ListAuditEvents } from './audit-event.js';

@ApiTags('audit')
@Controller('v1/audit-events')
export class AuditEventsController {
  constructor(private readonly audit: AuditLog) {}

  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(auditEventSchema) })
  @Operation({
    summary: 'Read the audit log',
    description: 'Who did what, newest first. A key with limits sees what was done to what it may reach.',
    answers: { 200: { description: 'A page of acts.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listAuditEventsSchema }) query: ListAuditEvents) {
    const { limit, cursor: before, api_key_id: apiKeyId, action, subject: subjectId, since, until } = query;
    const filter = { apiKeyId, action, subjectId, since, until };
    const found = await this.audit.list(scope, { ...filter, limit: limit + 1, before });
    return pageOf(
      found.map((event) => ({ id: event.seq, event })),
      limit,
      ({ event }) => auditEventResource(event),
    );
  }
}
