import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.js';

/** Routes that take NDJSON, and read it themselves as it arrives. On all others it is refused like any unknown type. */
const STREAMED = ['/v1/takedowns', '/v1/mass-messages'];
/** Their lists in JSON: ten thousand items, with addresses. */
const LIST_LIMIT_BYTES = 8 * 1024 * 1024;

/** Hands bodies of NDJSON through as streams, of any length. Before the routes are registered. */
export function useStreamedBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (STREAMED.includes(route.url) && route.method === 'POST') route.bodyLimit = LIST_LIMIT_BYTES;
  });
  fastify.addContentTypeParser(
    'application/x-ndjson',
    (request: FastifyRequest, body: IncomingMessage, done: (error: Error | null, body?: unknown) => void) => {
      if (STREAMED.includes(request.routeOptions.url ?? '')) return done(null, body);
      done(new ProblemError('unsupported_media_type', 'This address takes no NDJSON: send application/json.'));
    },
  );
}
