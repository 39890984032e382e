import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuseUnlessEmpty } from './json-bodies.js';
import { NDJSON_TYPES, refuseOtherCharsets, takesNdjson } from './media-types.js';
import { untilSilent } from './slow-bodies.js';
import type { Tolerance } from './tolerance.js';

/** Lists in JSON on the routes that take NDJSON: ten thousand items, with addresses. */
const LIST_LIMIT_BYTES = 8 * 1024 * 1024;

/** Hands bodies of NDJSON through as streams, of any length. Before the routes are registered. */
export function useStreamedBodies(fastify: FastifyInstance, tolerance: Tolerance): void {
  fastify.addHook('onRoute', (route) => {
    if ([route.method].flat().some((method) => takesNdjson(method, route.url))) {
      route.bodyLimit = LIST_LIMIT_BYTES;
    }
  });
  fastify.addContentTypeParser(
    NDJSON_TYPES,
    (request: FastifyRequest, body: Readable, done: (error: Error | null, body?: unknown) => void) => {
      if (!takesNdjson(request.method, request.routeOptions.url)) return refuseUnlessEmpty(request, body, done);
      try {
        refuseOtherCharsets(request);
        done(null, untilSilent(body, tolerance));
      } catch (error) {
        done(error as Error);
      }
    },
  );
}
