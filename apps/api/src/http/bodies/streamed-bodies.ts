import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuseUnlessEmpty } from './json-bodies.js';
import { CSV_BODY_TYPE, linesFormat, NDJSON_TYPES, refuseOtherCharsets, takesLines } from './media-types.js';
import { untilSilent } from './slow-bodies.js';
import type { Tolerance } from './tolerance.js';

/** Lists in JSON on the routes that take lines: ten thousand items, with addresses. */
const LIST_LIMIT_BYTES = 8 * 1024 * 1024;

/** A list of any length, which its route reads line by line as it comes. */
export class StreamedBody {
  constructor(
    readonly format: 'ndjson' | 'csv',
    readonly bytes: AsyncIterable<Buffer>,
  ) {}
}

/** Hands bodies of lines through as streams, of any length. Before the routes are registered. */
export function useStreamedBodies(fastify: FastifyInstance, tolerance: Tolerance): void {
  fastify.addHook('onRoute', (route) => {
    if ([route.method].flat().some((method) => takesLines(method, route.url))) {
      route.bodyLimit = LIST_LIMIT_BYTES;
    }
  });
  fastify.addContentTypeParser(
    [...NDJSON_TYPES, CSV_BODY_TYPE],
    (request: FastifyRequest, body: Readable, done: (error: Error | null, body?: unknown) => void) => {
      const format = linesFormat(request);
      if (!format) return refuseUnlessEmpty(request, body, done);
      try {
        refuseOtherCharsets(request);
        done(null, new StreamedBody(format, untilSilent(body, tolerance)));
      } catch (error) {
        done(error as Error);
      }
    },
  );
}
