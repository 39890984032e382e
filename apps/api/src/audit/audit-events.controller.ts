import { Controller, Get, Query, Req, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditLog, AuditVerification, type Actor, type Principal } from '@app/access';
import { AuditedCaller, Caller, Needs, Unlimited } from '../http/access/access.guard.js';
import { tenantOf } from '../http/access/tenant-of.js';
import { acceptedFormat, sendFile } from '../http/answers/formats.js';
import { Operation } from '../http/open-api/operation.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import {
  auditEventResource,
  auditEventSchema,
  auditVerificationSchema,
  listAuditEventsSchema,
  verificationResource,
  type ListAuditEvents,
} from './audit-event.js';
import { EXPORT_TYPES, exportAuditEventsSchema, exportText, type ExportAuditEvents } from './audit-export.js';

@ApiTags('audit')
@Controller('v1/audit-events')
export class AuditEventsController {
  constructor(
    private readonly audit: AuditLog,
    private readonly verification: AuditVerification,
  ) {}

  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(auditEventSchema) })
  @Operation({
    summary: 'Read the audit log',
    description:
      'Who did what, newest first. A key with limits sees what was done to what it may reach. Rows that were archived, ' +
      'which are older than 90 days at least, are in the files of their archives and no longer here.',
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

  @Get('verification')
  @Needs('admin', 'reads')
  @Unlimited()
  @SerializeOptions({ schema: auditVerificationSchema })
  @Operation({
    summary: 'Check the newest rows of the audit log',
    description:
      'Whether the newest 250 rows are as they were written, one after the other, and whether the chain still has the row ' +
      'that the service noted and signed last, once an hour. Older rows are checked by `npm run verify-audit`; the first one ' +
      'that is left has to follow what was archived. Changes nothing.',
    answers: { 200: { description: 'What was checked, and what came of it.' } },
  })
  async verify() {
    return verificationResource(await this.verification.recent());
  }

  @Get('export')
  @Needs('admin', 'reads')
  @Operation({
    summary: 'Export the audit log',
    description:
      'The same as a file, oldest first and whole: NDJSON, or CSV where `format` or the Accept header says so. Without ' +
      'limits and filters, the `prev_hash` of each row is the `hash` of the one before. Rows that were archived are not in ' +
      'it; where some are archived meanwhile that would have to be in it, it breaks off. Every export is in the log, too.',
    answers: {
      200: {
        description: 'A row for each act.',
        content: Object.fromEntries(
          Object.values(EXPORT_TYPES).map((type) => [type.split(';')[0] ?? type, { type: 'string' }]),
        ),
        headers: { Vary: '`accept`', 'Content-Disposition': 'Proposes a name for the file.' },
      },
    },
  })
  export(
    @AuditedCaller() caller: Actor,
    @Query({ schema: exportAuditEventsSchema }) query: ExportAuditEvents,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    const format = query.format ?? acceptedFormat(EXPORT_TYPES, request.headers.accept) ?? 'ndjson';
    const file = { type: EXPORT_TYPES[format], name: `audit-events.${format}` };
    sendFile(reply, file, this.exported(caller, { ...query, format }));
  }

  /** It is in the log before its first row is sent; of a HEAD nothing is sent, and nothing is noted. */
  private async *exported(
    caller: Actor,
    query: ExportAuditEvents & { format: keyof typeof EXPORT_TYPES },
  ): AsyncGenerator<string> {
    const { api_key_id: apiKeyId, action, subject: subjectId, since, until } = query;
    await this.audit.appendAlone(caller, {
      action: 'audit_log.exported',
      subjectType: 'audit_log',
      subjectId: caller.requestId,
      tenant: tenantOf(caller),
      data: { ...query, since: since?.toISOString(), until: until?.toISOString() },
    });
    const events = this.audit.oldestFirst(caller.scope, { apiKeyId, action, subjectId, since, until });
    yield* exportText(events, query.format);
  }
}
