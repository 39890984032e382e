import { z } from 'zod';
import { auditActions, auditSubjects, roles, type AuditData, type AuditEvent } from '@app/access';
import { momentSchema } from '../http/requests/moment.js';
import { pageSchemaOf } from '../http/requests/page.js';
import { textSchema } from '../http/requests/text.js';

/** Rows are numbered by a bigint. */
export const listAuditEventsSchema = pageSchemaOf(z.string().regex(/^[1-9]\d{0,17}$/)).extend({
  api_key_id: z.uuid().optional().meta({ description: 'The key that acted.' }),
  action: textSchema(100).min(1).optional().meta({ description: 'For example deletion.accepted.' }),
  subject: textSchema(100).min(1).optional().meta({ description: 'The appid or id of what was acted on.' }),
  since: momentSchema.optional().meta({ description: 'From this moment on.' }),
  until: momentSchema.optional().meta({ description: 'Before this moment.' }),
});
export type ListAuditEvents = z.output<typeof listAuditEventsSchema>;

export const auditEventSchema = z
  .object({
    seq: z.string().meta({ description: 'Ascending, with gaps.' }),
    at: z.string(),
    api_key_id: z.string(),
    role: z.enum(roles),
    action: z.string().meta({ enum: auditActions }),
    subject: z.object({ type: z.string().meta({ enum: auditSubjects }), id: z.string() }),
    component_appid: z.string().nullable(),
    authorizer_appid: z.string().nullable(),
    request_id: z.string(),
    ip: z.string(),
    data: z.record(z.string(), z.unknown()),
    prev_hash: z.string(),
    hash: z.string().meta({ description: 'SHA-256 over what the row says and prev_hash: see docs/operations.md.' }),
  })
  .meta({ id: 'AuditEvent' });

export function auditEventResource(event: AuditEvent): z.input<typeof auditEventSchema> {
  return {
    seq: event.seq,
    at: event.at.toISOString(),
    api_key_id: event.apiKeyId,
    role: event.role,
    action: event.action,
    subject: { type: event.subjectType, id: event.subjectId },
    component_appid: event.componentAppid,
    authorizer_appid: event.authorizerAppid,
    request_id: event.requestId,
    ip: event.ip,
    data: event.data,
    prev_hash: event.prevHash,
    hash: event.hash,
  };
}

/** The row of which this is the resource, as an export has it. Undefined: it is none. */
export function readAuditEvent(resource: unknown): AuditEvent | undefined {
  const { success, data: row } = auditEventSchema.safeParse(resource);
  if (!success || Number.isNaN(Date.parse(row.at))) return undefined;
  return {
    seq: row.seq,
    at: new Date(row.at),
    apiKeyId: row.api_key_id,
    role: row.role,
    action: row.action,
    subjectType: row.subject.type,
    subjectId: row.subject.id,
    componentAppid: row.component_appid,
    authorizerAppid: row.authorizer_appid,
    requestId: row.request_id,
    ip: row.ip,
    data: row.data as AuditData,
    prevHash: row.prev_hash,
    hash: row.hash,
  };
}
