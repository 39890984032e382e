import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway, HttpCall } from './gateway.js';

const CONTENT_TYPE = 'application/json; encoding=utf-8';

/**
 * The open API on Fastify itself, without Nest's pipes: bodies must arrive raw whatever their content type, and this is
 * the path that has to be fast. Takes every URL that nobody else takes.
 */
export function openApiRoutes(gateway: Gateway) {
  return (fastify: FastifyInstance, _options: object, done: () => void): void => {
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    fastify.addHook('onRequest', (request, reply, next) => {
      if (!request.headers['transfer-encoding']) return next();
      gateway.refuseChunked(httpCallOf(request));
      void reply.code(412).header('connection', 'close').type('text/html').send('<h1>412 Precondition Failed</h1>');
    });
    fastify.all('/*', async (request, reply) => {
      if (request.url.startsWith('/_control')) {
        return reply.code(404).send({ statusCode: 404, message: 'There is nothing here; see /_control/docs' });
      }
      const outcome = await gateway.answer(httpCallOf(request));
      if (typeof outcome === 'object') return reply.code(outcome.status).type(CONTENT_TYPE).send(outcome.text);
      withhold(outcome, request, reply);
      return reply;
    });
    done();
  };
}

function httpCallOf(request: FastifyRequest): HttpCall {
  const end = request.url.indexOf('?');
  return {
    method: request.method,
    path: end < 0 ? request.url : request.url.slice(0, end),
    // Fastify's query parser gives a plain record; what is in it is checked where it is used.
    query: request.query as Record<string, unknown>,
    body: request.body,
    clientIp: request.ip.replace(/^::ffff:/, ''),
  };
}

/** Silence lasts until the caller hangs up, or the simulator does. */
function withhold(outcome: 'silence' | 'reset', request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  if (outcome === 'reset') request.raw.socket.resetAndDestroy();
}
