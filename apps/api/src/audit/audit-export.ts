import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { AuditEvent } from '@app/access';
import { CSV_TYPE, csvText } from '../http/answers/csv.js';
import { auditEventResource, listAuditEventsSchema, readAuditEvent } from './audit-event.js';

export const EXPORT_TYPES = { ndjson: 'application/x-ndjson', csv: CSV_TYPE };

export const exportAuditEventsSchema = listAuditEventsSchema.omit({ limit: true, cursor: true }).extend({
  format: z.enum(['ndjson', 'csv']).optional().meta({ description: 'Goes before the Accept header.' }),
});
export type ExportAuditEvents = z.output<typeof exportAuditEventsSchema>;

const COLUMNS = [
  'seq',
  'at',
  'api_key_id',
  'role',
  'action',
  'subject_type',
  'subject_id',
  'component_appid',
  'authorizer_appid',
  'request_id',
  'ip',
  'data',
  'prev_hash',
  'hash',
] as const;

/** Rows of the log as text; each has the hashes that chain it. */
export const exportText = (events: AsyncIterable<AuditEvent>, format: keyof typeof EXPORT_TYPES) =>
  format === 'csv' ? csvText(COLUMNS, cells(events)) : lines(events);

async function* lines(events: AsyncIterable<AuditEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(auditEventResource(event))}\n`;
}

async function* cells(events: AsyncIterable<AuditEvent>) {
  for await (const event of events) {
    const { subject, ...rest } = auditEventResource(event);
    yield { ...rest, subject_type: subject.type, subject_id: subject.id };
  }
}

export class NoAuditEvent extends Error {}

/** The rows of an export in NDJSON. @throws NoAuditEvent, for a line that is none */
export async function* readExport(input: NodeJS.ReadableStream): AsyncGenerator<AuditEvent> {
  let number = 0;
  for await (const line of createInterface({ input })) {
    number += 1;
    if (line.trim() === '') continue;
    const event = readAuditEvent(parsed(line));
    if (!event) throw new NoAuditEvent(`Line ${number} is no row of an exported audit log.`);
    yield event;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
