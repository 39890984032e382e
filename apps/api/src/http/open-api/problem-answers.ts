import { z } from 'zod';
import { ineligibleReasonCodes } from '@app/merchants';
import type { Weight } from '../access/in-flight.js';
import { describeProblem, problemCodes, type ProblemCode } from '../problems/problems.js';
import { shortages } from '../problems/shortages.js';

const fieldErrorSchema = z.object({
  field: z
    .string()
    .meta({ description: 'Path into the body, query or path parameters, such as items[3].article_idx; or a header.' }),
  message: z.string(),
});
const lineErrorSchema = z.object({
  line: z.int(),
  code: z.enum(problemCodes),
  detail: z.string(),
  excerpt: z.string().optional(),
});

export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Address of the page about the code, on the host of the api.' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(problemCodes).meta({ description: 'Stable: what programs decide by.' }),
    detail: z.string().meta({ description: 'For people. It may change.' }),
    request_id: z.string().optional().meta({ description: 'As in X-Request-Id: our log knows the request by it.' }),
    trace_id: z
      .string()
      .optional()
      .meta({ description: 'Of the trace of the request, where the deployment collects traces (OpenTelemetry).' }),
    errors: z
      .array(z.union([fieldErrorSchema, lineErrorSchema]))
      .optional()
      .meta({ description: 'What is wrong with which field, or with which line or item.' }),
    offset: z.int().optional().meta({ description: 'Bytes of the body before the place that is wrong.' }),
    reasons: z.array(z.enum(ineligibleReasonCodes)).optional().meta({ description: 'Of merchant_not_eligible.' }),
    ceiling: z
      .enum(['merchant', 'key', 'tenant'])
      .optional()
      .meta({ description: 'Of pending_too_many and requests_too_many: what is counted.' }),
    limit: z.int().optional().meta({ description: 'How many there may be.' }),
    eta: z.string().optional().meta({ description: 'Of eta_too_late.' }),
    latest: z.string().optional().meta({ description: 'Of eta_too_late.' }),
    settled_until: z.string().optional().meta({ description: 'Of period_not_over.' }),
    sends: z
      .array(z.object({ msg_id: z.string(), article_idx: z.int() }))
      .optional()
      .meta({ description: 'Of shared_material.' }),
    upstream: z
      .looseObject({
        operation: z.string(),
        errcode: z.int().optional(),
        errmsg: z.string().optional(),
        rid: z.string().optional(),
      })
      .optional()
      .meta({ description: 'Of upstream_failed: what WeChat said.' }),
  })
  .meta({
    id: 'Problem',
    description: 'A problem document (RFC 9457). Every code has a page at /docs/problems/{code}.',
  });

/** What a route is like, as far as it decides how requests to it can fail. */
export interface RouteKind {
  method: string;
  needsKey: boolean;
  weight: Weight;
  isUnlimited: boolean;
  hasParameters: boolean;
  isIdempotent: boolean;
}

/** Of a body: it is read before the operation is asked, also by one that has no use for it. */
const BODY_PROBLEMS: ProblemCode[] = [
  'invalid_request',
  'malformed_body',
  'body_not_utf8',
  'body_too_deep',
  'field_repeated',
  'request_timeout',
  'payload_too_large',
  'body_beyond_limits',
  'unsupported_media_type',
];

/** What fails before it is known which operation the request is for. */
export const PROTOCOL_PROBLEMS: ProblemCode[] = ['malformed_request', 'address_too_long', 'head_too_large'];

/** The codes that any operation of this kind may answer with. */
export function problemsOfKind(kind: RouteKind): ProblemCode[] {
  return [
    ...(kind.needsKey ? (['unauthenticated', 'forbidden', 'too_many_failures', 'rate_limited'] as const) : []),
    // Of a session that a page of another origin uses.
    ...(kind.needsKey && kind.method !== 'get' ? (['origin_refused'] as const) : []),
    ...(kind.needsKey && kind.weight !== 'stream' ? (['requests_too_many'] as const) : []),
    ...(kind.isUnlimited ? (['key_limited'] as const) : []),
    ...(kind.hasParameters ? (['invalid_request'] as const) : []),
    ...(kind.method === 'get' ? [] : BODY_PROBLEMS),
    ...(kind.isIdempotent ? (['idempotency_key_reused', 'idempotency_key_in_use'] as const) : []),
    'internal_error',
    ...shortages.filter((code) => code.startsWith('database_')),
  ];
}

/** The answers of an operation that has these codes, by status. Each is a component, named by its codes. */
export function problemAnswers(codes: readonly ProblemCode[]): Record<string, ProblemAnswer> {
  const byStatus = new Map<string, ProblemCode[]>([['default', [...PROTOCOL_PROBLEMS].sort()]]);
  for (const code of [...new Set(codes)].sort()) {
    const status = String(describeProblem(code).status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, problemAnswer(status, some)]));
}

export interface ProblemAnswer {
  name: string;
  answer: object;
}

/** Besides those of every answer. */
const HEADERS_OF: Record<string, string[]> = {
  401: ['WWW-Authenticate'],
  415: ['Accept', 'Accept-Encoding'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

function problemAnswer(status: string, codes: ProblemCode[]): ProblemAnswer {
  const isBeforeKey = status === '401' || status === 'default';
  const headers = ['X-Request-Id', ...(isBeforeKey ? [] : RATE_HEADERS), ...(HEADERS_OF[status] ?? [])];
  const oneOfThem = { type: 'object', properties: { code: { enum: codes } } };
  return {
    name: codes.join('.'),
    answer: {
      description: codes.map((code) => `- \`${code}\`: ${describeProblem(code).title}.`).join('\n'),
      headers: headerRefs(headers),
      content: {
        'application/problem+json': { schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, oneOfThem] } },
      },
    },
  };
}

export const RATE_HEADERS = ['RateLimit', 'RateLimit-Policy'];

export const headerRefs = (names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
