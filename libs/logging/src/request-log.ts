import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { currentTraceId } from '@app/tracing';
import { PlainFacts } from './logger.js';
import { scrub } from './scrub.js';

const logger = new Logger('Requests');

/** Asked for every few seconds: their lines would say that all is well. */
const PROBES = new Set(['/health/live', '/health/ready', '/metrics']);

/** The hook that tells of an answer is not called within its request. */
const traces = new WeakMap<FastifyRequest, string>();

/** A request, with the key that it was found to come with. */
type KeyedRequest = FastifyRequest & { principal?: { apiKeyId: string } };

/** A line for each request, once it is answered. Its trace is the one that the hooks before this one have begun. */
export function useRequestLog(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const traceId = currentTraceId();
    if (traceId !== undefined) traces.set(request, traceId);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode >= 400 || !PROBES.has(request.routeOptions.url ?? '')) logRequest(request, reply);
    done();
  });
}

/** By its route and never by its address, which may hold a secret, also in the path. */
export function logRequest(request: KeyedRequest, reply: FastifyReply): void {
  const { method, routeOptions, principal } = request;
  logger.log(
    'request',
    new PlainFacts({
      method,
      route: routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      key_id: principal?.apiKeyId,
      // Who asked did not wait for all of the answer.
      is_cut_off: reply.raw.writableFinished ? undefined : true,
      // It may be the caller's own.
      request_id: scrub(String(reply.getHeader('x-request-id'))),
      trace_id: traces.get(request),
    }),
  );
}

/** What is answered before it is a request that has a method or a route. */
export function logNoRequest(status: number, code: string): void {
  logger.log('request', new PlainFacts({ status, code }));
}
