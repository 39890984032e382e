import { z } from 'zod';
import {
  archiveStates,
  auditActions,
  auditSubjects,
  headStates,
  roles,
  type AuditData,
  type AuditEvent,
  type RecentVerdict,
} from '@app/access';
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

const rowSchema = z.object({ seq: z.string(), at: z.string(), hash: z.string() }).nullable();

export const auditVerificationSchema = z
  .object({
    sound: z.boolean().meta({ description: 'Everything that was looked at fits.' }),
    rows: z.int().meta({ description: 'The number of rows that were checked: the newest.' }),
    whole: z.boolean().meta({ description: 'The log has no others that are not archived.' }),
    oldest: rowSchema.meta({ description: 'The first of the rows that were checked. Null: the log is empty.' }),
    newest: rowSchema.meta({ description: 'The last row of the log.' }),
    broken_seq: z.string().nullable().meta({ description: 'The first row that does not fit, where one does not.' }),
    head: z
      .object({ at: z.string(), state: z.enum(headStates) })
      .nullable()
      .meta({
        description:
          'What a worker noted last of the chain, outside of it. `met`: the chain still has that row; `unknown_key`: so it ' +
          'has, but the note is signed with a master key that is not here; `not_met`: it has not; `forged`: the note is not ' +
          'as this service writes them. Null: none was noted yet of the rows that are here.',
      }),
    archived: z
      .object({
        rows: z.int().meta({ description: 'The number of rows before these, which lie in files.' }),
        up_to: z.string().meta({ description: 'When the newest of them was written.' }),
        state: z.enum(archiveStates),
      })
      .nullable()
      .meta({
        description:
          'What the owner of the database has archived: the oldest row that is left follows it. `forged`: the note of that ' +
          'is not as the archive command writes it; `unknown_key`: it is signed with a master key that is not here. Null: ' +
          'nothing was archived.',
      }),
  })
  .meta({ id: 'AuditVerification' });

export function verificationResource(verdict: RecentVerdict): z.input<typeof auditVerificationSchema> {
  const { isSound, rows, isWhole, oldest, newest, brokenSeq, head, archived } = verdict;
  const rowOf = (event: AuditEvent | undefined) =>
    event ? { seq: event.seq, at: event.at.toISOString(), hash: event.hash } : null;
  return {
    sound: isSound,
    rows,
    whole: isWhole,
    oldest: rowOf(oldest),
    newest: rowOf(newest),
    broken_seq: brokenSeq ?? null,
    head: head ? { at: head.at.toISOString(), state: head.state } : null,
    archived: archived ? { rows: archived.rows, up_to: archived.upTo.toISOString(), state: archived.state } : null,
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
