import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AuditLog, type Act, type Actor } from '@app/access';
import { ProofKeys, proofText, signEnd, type ProofEnd, type ProofFormat, type ProofRecord } from '@app/deletions';
import { CSV_TYPE } from '../http/answers/csv.js';
import { acceptedFormat, sendFile } from '../http/answers/formats.js';
import { linesOf } from '../http/open-api/json-schema.js';
import type { DescribedAnswer, JsonSchema } from '../http/open-api/operation.js';
import { appidSchema } from '../http/requests/appid.js';
import { momentSchema } from '../http/requests/moment.js';

export const proofQuerySchema = z.strictObject({
  format: z.enum(['json', 'ndjson', 'csv']).optional().meta({ description: 'Goes before the Accept header.' }),
});
export type ProofQuery = z.output<typeof proofQuerySchema>;

export const exportProofsSchema = proofQuerySchema
  .extend({
    finished_after: momentSchema.meta({ description: 'Those that ended, from this moment on.' }),
    finished_before: momentSchema.meta({ description: 'Those that ended, before this moment.' }),
    merchant: appidSchema.optional(),
    component_appid: appidSchema.optional().meta({ description: 'Only beside a merchant.' }),
  })
  .refine((query) => query.finished_after < query.finished_before, {
    path: ['finished_before'],
    message: 'must be later than finished_after',
  })
  .refine((query) => query.component_appid === undefined || query.merchant !== undefined, {
    path: ['component_appid'],
    message: 'is the platform of a merchant, which is missing',
  });
export type ExportProofs = z.output<typeof exportProofsSchema>;

const TYPES: Record<ProofFormat, string> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson',
  csv: CSV_TYPE,
};

const recordSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'prev_hash'],
  properties: {
    type: { type: 'string', enum: ['header', 'deletion', 'trailer', 'signature'] },
    prev_hash: { type: 'string' },
    hash: { type: 'string' },
  },
};

/** For the description of the API. */
export const PROOF: DescribedAnswer = {
  description:
    'A header, a record for each deletion, and a trailer with their count; each follows the hash of the one before. ' +
    'At the end a signature of the deployment, whose keys are at `/.well-known/jwks.json`.',
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
  return format ?? acceptedFormat(TYPES, accept) ?? fallback;
}

interface ProofAnswer {
  /** Of the file, without its ending. */
  name: string;
  records: AsyncIterable<ProofRecord>;
  fallback: ProofFormat;
  /** For the audit log. */
  act: Act;
}

/** The address by which signatures name the deployment. */
export const ISSUER = Symbol('Issuer');

@Injectable()
export class ProofAnswers {
  constructor(
    private readonly keys: ProofKeys,
    private readonly audit: AuditLog,
    @Inject(ISSUER) private readonly issuer: string,
  ) {}

  /**
   * Streams an export; the reader's pace is ours, and memory stays flat. If it fails on its way, or its end cannot be noted or
   * signed, it has no trailer.
   */
  send(
    reply: FastifyReply,
    request: FastifyRequest,
    query: ProofQuery,
    caller: Actor,
    { name, records, fallback, act }: ProofAnswer,
  ): void {
    const format = proofFormat(query, request.headers.accept, fallback);
    const seal = async (end: ProofEnd) => {
      const key = await this.keys.current((tx, kid) =>
        this.audit.append(tx, caller, { action: 'proof_key.made', subjectType: 'proof_key', subjectId: kid }),
      );
      const signed = await signEnd(end, this.issuer, key);
      await this.audit.appendAlone(caller, {
        ...act,
        data: { ...act.data, count: end.count, last_hash: end.lastHash, format },
      });
      return signed;
    };
    sendFile(reply, { type: TYPES[format], name: `${name}.${format}` }, proofText(records, format, seal));
  }
}
