import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { proofText, type ProofEnd, type ProofFormat, type ProofRecord } from '@app/deletions';
import { linesOf } from '../http/open-api/json-schema.js';
import type { DescribedAnswer, JsonSchema } from '../http/open-api/operation.js';

export const proofQuerySchema = z.strictObject({
  format: z.enum(['json', 'ndjson', 'csv']).optional().meta({ description: 'Goes before the Accept header.' }),
});
export type ProofQuery = z.output<typeof proofQuerySchema>;

const TYPES: Record<ProofFormat, string> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

const recordSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'prev_hash', 'hash'],
  properties: {
    type: { type: 'string', enum: ['header', 'deletion', 'trailer'] },
    prev_hash: { type: 'string' },
    hash: { type: 'string' },
  },
};

/** For the description of the API. */
export const PROOF: DescribedAnswer = {
  description:
    'A header, a record for each deletion, and a trailer with their count; each follows the hash of the one before.',
  content: {
    'application/json': {
      type: 'object',
      required: ['data'],
      properties: { data: { type: 'array', items: recordSchema } },
    },
    'application/x-ndjson': linesOf(recordSchema, 'application/x-ndjson'),
    'text/csv': { type: 'string' },
  },
  headers: {
    'Content-Disposition': 'Proposes a name for the file.',
    Vary: '`accept`',
  },
};

/** By the query, else by the first type of the Accept header that is one of ours. */
export function proofFormat({ format }: ProofQuery, accept: string | undefined, fallback: ProofFormat): ProofFormat {
  if (format) return format;
  const wanted = (accept ?? '').split(',').map((type) => type.split(';')[0]?.trim().toLowerCase());
  const formats = Object.entries(TYPES) as [ProofFormat, string][];
  const found = wanted.flatMap((type) => formats.filter(([, ours]) => ours.split(';')[0] === type));
  return found[0]?.[0] ?? fallback;
}

interface ProofAnswer {
  /** Of the file, without its ending. */
  name: string;
  records: AsyncIterable<ProofRecord>;
  fallback: ProofFormat;
  /** Notes how it ends. */
  seal: (end: ProofEnd & { format: ProofFormat }) => Promise<void>;
}

/**
 * Streams an export; the reader's pace is ours, and memory stays flat. If it fails on its way, or its end cannot be noted, it
 * has no trailer.
 */
export function sendProof(
  reply: FastifyReply,
  request: FastifyRequest,
  query: ProofQuery,
  { name, records, fallback, seal }: ProofAnswer,
): void {
  const format = proofFormat(query, request.headers.accept, fallback);
  void reply
    .type(TYPES[format])
    .header('content-disposition', `attachment; filename="${name}.${format}"`)
    .header('vary', 'accept')
    .send(Readable.from(proofText(records, format, (end) => seal({ ...end, format }))));
}
