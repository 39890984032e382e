import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { proofText, type ProofEnd, type ProofFormat, type ProofRecord } from '@app/deletions';
import { CSV_TYPE } from '../http/answers/csv.js';
import { acceptedFormat, sendFile } from '../http/answers/formats.js';

export const proofQuerySchema = z.strictObject({
  format: z.enum(['json', 'ndjson', 'csv']).optional().meta({ description: 'Goes before the Accept header.' }),
});
export type ProofQuery = z.output<typeof proofQuerySchema>;

const TYPES: Record<ProofFormat, string> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson',
  csv: CSV_TYPE,
};

/** For the description of the API. */
export const DescribesProof = () =>
  ApiOkResponse({
    description:
      'A header, a record for each deletion, and a trailer with their count; each follows the hash of the one before.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['data'],
          properties: { data: { type: 'array', items: { type: 'object', required: ['type', 'prev_hash', 'hash'] } } },
        },
      },
      'application/x-ndjson': { schema: { type: 'string' } },
      'text/csv': { schema: { type: 'string' } },
    },
  });

/** By the query, else by the first type of the Accept header that is one of ours. */
export function proofFormat({ format }: ProofQuery, accept: string | undefined, fallback: ProofFormat): ProofFormat {
  return format ?? acceptedFormat(TYPES, accept) ?? fallback;
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
 * Streams an export. If it fails on its way, or its end cannot be noted, it
 * has no trailer.
 */
export function sendProof(
  reply: FastifyReply,
  request: FastifyRequest,
  query: ProofQuery,
  { name, records, fallback, seal }: ProofAnswer,
): void {
  const format = proofFormat(query, request.headers.accept, fallback);
  const file = { type: TYPES[format], name: `${name}.${format}` };
  sendFile(
    reply,
    file,
    proofText(records, format, (end) => seal({ ...end, format })),
  );
}
