import type { FastifyRequest } from 'fastify';
import { ENCODINGS_TAKEN } from './content-encoding.js';
import { ProblemError } from '../problems/problem.js';

/** NDJSON has no registered type, and clients know it by all of these. */
export const NDJSON_TYPES = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonl',
  'application/jsonlines',
  'application/x-jsonlines',
];

export const CSV_BODY_TYPE = 'text/csv';

/** Routes that take lists of any length, line by line. */
const STREAMED = ['/v1/takedowns', '/v1/mass-messages'];

export const takesLines = (method: string, path: string | undefined): boolean =>
  method === 'POST' && STREAMED.includes(path ?? '');

/** How the lines of a body are written: undefined where it is no list of lines, or its route takes none. */
export function linesFormat({ method, routeOptions, headers }: FastifyRequest): 'ndjson' | 'csv' | undefined {
  if (!takesLines(method, routeOptions.url)) return undefined;
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return type === CSV_BODY_TYPE ? 'csv' : NDJSON_TYPES.includes(type) ? 'ndjson' : undefined;
}

/** WeChat's pushes are read as XML, whatever they say that they are. */
export const isPushRoute = (path: string | undefined): boolean => path?.startsWith('/wechat/') === true;

/** The types of bodies that a route takes, as Accept says it. */
export function typesTaken(request: FastifyRequest): string {
  if (isPushRoute(request.routeOptions.url)) return 'text/xml';
  return [
    'application/json',
    ...(takesLines(request.method, request.routeOptions.url) ? [...NDJSON_TYPES, CSV_BODY_TYPE] : []),
  ].join(', ');
}

/** Says what is wrong with the body, and all that it may be. */
export function unsupportedBody(request: FastifyRequest, reason: string): ProblemError {
  const encodings = isPushRoute(request.routeOptions.url) ? 'none' : `${ENCODINGS_TAKEN}, or none`;
  const taken = `Content-Type: ${typesTaken(request)} (in UTF-8); Content-Encoding: ${encodings}.`;
  return new ProblemError('unsupported_media_type', `${reason} Send ${taken}`);
}

export function refuseOtherCharsets(request: FastifyRequest): void {
  const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)) return;
  throw unsupportedBody(request, 'Bodies are UTF-8; one in another charset is not read.');
}

/** Says so already before a byte of a body: none will come. */
export const announcesNoBody = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
