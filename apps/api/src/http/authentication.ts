import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiKeys, Principal } from '@app/access';
import { networkOf } from './network.js';
import { ProblemError } from './problem.js';
import type { RateLimit } from './rate-limit.js';

/** Of a route; set by `@Needs`. */
export interface KeyedRoute {
  needsKey?: true;
}

export type RequestWithPrincipal = FastifyRequest & { principal?: Principal };

export const needsKey = ({ routeOptions }: FastifyRequest): boolean =>
  (routeOptions.config as KeyedRoute | undefined)?.needsKey === true;

/**
 * Asks for the key and counts the request before its body is read: reading megabytes of JSON is work that only those may
 * ask for who have a key, and no more often than it allows. What the key may do is the guard's to say.
 */
export function useAuthentication(
  fastify: FastifyInstance,
  keys: ApiKeys,
  { requests, failures }: { requests: RateLimit; failures: RateLimit },
): void {
  fastify.addHook('onRequest', async (request: RequestWithPrincipal, reply) => {
    if (!needsKey(request)) return;
    const key = bearerOf(request.headers.authorization);
    // Behind a proxy that is not named in the settings, everybody shares an address: a key that was let in before is let in.
    if (!keys.wasLetIn(key)) refuseGuessing(failures, request, reply);
    const principal = await keys.authenticate(key);
    if (!principal) {
      if (key !== '') failures.take(networkOf(request.ip), Date.now());
      throw new ProblemError('unauthenticated', 'Send "Authorization: Bearer rk_…" with a key that is valid.');
    }
    countRequest(requests, principal, reply);
    request.principal = principal;
  });
}

/** Nobody has looked for the key then: it may be a good one. */
function refuseGuessing(failures: RateLimit, { ip }: FastifyRequest, reply: FastifyReply): void {
  const seconds = failures.waitSeconds(networkOf(ip), Date.now());
  if (seconds === 0) return;
  void reply.headers({ 'retry-after': seconds, connection: 'close' });
  throw new ProblemError('too_many_failures', `Too many keys that are none came from this address: wait ${seconds} s.`);
}

/** Headers as in draft-ietf-httpapi-ratelimit-headers-07, which most clients know. */
function countRequest(rateLimit: RateLimit, { apiKeyId }: Principal, reply: FastifyReply): void {
  const allowance = rateLimit.take(apiKeyId, Date.now());
  if (!allowance) return;
  const { limit, remaining, resetSeconds, isExceeded } = allowance;
  void reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': resetSeconds });
  if (!isExceeded) return;
  void reply.header('retry-after', resetSeconds);
  throw new ProblemError('rate_limited', `The key may make ${limit} requests a minute: wait ${resetSeconds} s.`);
}

const bearerOf = (header = '') => /^Bearer +(\S+)$/i.exec(header)?.[1] ?? '';
