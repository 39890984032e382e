import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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
      // The body is taken as bytes whatever type it claims: an invalid type would be refused with 415.
      request.raw.headers['content-type'] = 'application/json';
      if (!request.headers['transfer-encoding']) return next();
      gateway.refuseChunked(httpCallOf(request));
      void reply.code(412).header('connection', 'close').type('text/html').send('<h1>412 Precondition Failed</h1>');
    });
    fastify.all('/*', async (request, reply) => {
      if (request.url.startsWith('/_control')) {
        return reply.code(404).send({ statusCode: 404, message: 'There is nothing here; see /_control/docs' });
      }
      const outcome = await gateway.answer(httpCallOf(request));
      // Past Fastify, which would rewrite the content type to one that WeChat does not send.
      reply.hijack();
      if (typeof outcome === 'object') answer(reply.raw, outcome);
      // Silence lasts until the caller hangs up, or the simulator does.
      else if (outcome === 'reset') request.raw.socket.resetAndDestroy();
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

function answer(response: ServerResponse, { status, text }: { status: number; text: string }): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': CONTENT_TYPE, 'content-length': body.length }).end(body);
}
