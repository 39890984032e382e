import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countedAs, type ApiKeys, type Principal } from '@app/access';
import type { InFlight, Weight } from './in-flight.js';
import { networkOf } from './network.js';
import { ProblemError } from '../problems/problem.js';
import { WINDOW_SECONDS, type RateLimit } from './rate-limit.js';

/** Of a route; set by `@Needs`. */
export interface KeyedRoute {
  needsKey?: true;
  weight?: Weight;
}

export type RequestWithPrincipal = FastifyRequest & { principal?: Principal; place?: HeldPlace };

export const needsKey = ({ routeOptions }: FastifyRequest): boolean =>
  (routeOptions.config as KeyedRoute | undefined)?.needsKey === true;

/**
 * Asks for the key and counts the request before its body is read: reading megabytes of JSON is work that only those
 * may ask for who have a key, and no more often than it allows. What the key may do is the guard's to say.
 */
export function useAuthentication(
  fastify: FastifyInstance,
  keys: ApiKeys,
  { requests, failures, inFlight }: { requests: RateLimit; failures: RateLimit; inFlight: InFlight },
): void {
  fastify.addHook('onRequest', async (request: RequestWithPrincipal, reply) => {
    if (!needsKey(request)) return;
    const key = bearerOf(request.headers.authorization);
    // Behind a proxy that is not named in the settings, everybody shares an address: a key that was let in before is
    // let in.
    if (!keys.wasLetIn(key)) refuseGuessing(failures, request, reply);
    const principal = await keys.authenticate(key);
    if (!principal) {
      if (key !== '') failures.take(networkOf(request.ip), Date.now());
      void reply.header('www-authenticate', challengeTo(key));
      throw new ProblemError('unauthenticated', 'Send "Authorization: Bearer rk_…" with a key that is valid.');
    }
    countRequest(requests, principal, reply);
    request.principal = principal;
    await takePlace(inFlight, principal, request, reply);
  });
  // Of a client that hangs up the place is free when its work is done, not before: hanging up would be the way to have
  // more done.
  fastify.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request: RequestWithPrincipal, reply) {
      const done: unknown = handler.call(this, request, reply);
      const { place } = request;
      if (!place || !isPromise(done)) return done;
      place.hold();
      const letGo = () => place.letGo();
      done.then(letGo, letGo);
      return done;
    };
  });
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** Free when everybody who holds it has let go: the connection, until the answer is out, and the handler. */
class HeldPlace {
  private holders = 1;

  constructor(private readonly leave: () => void) {}

  hold(): void {
    if (this.holders > 0) this.holders++;
  }

  letGo(): void {
    if (this.holders > 0 && --this.holders === 0) this.leave();
  }
}

async function takePlace(
  inFlight: InFlight,
  principal: Principal,
  request: RequestWithPrincipal,
  reply: FastifyReply,
): Promise<void> {
  const { weight = 'light' } = request.routeOptions.config as KeyedRoute;
  if (weight === 'stream') return;
  const leave = inFlight.enter(principal, weight) ?? (await takeTurn(inFlight, principal, weight, reply));
  const place = new HeldPlace(leave);
  request.place = place;
  if (reply.raw.destroyed) place.letGo();
  else reply.raw.once('close', () => place.letGo());
}

async function takeTurn(inFlight: InFlight, principal: Principal, weight: Weight, reply: FastifyReply) {
  try {
    return await inFlight.wait(principal, weight, (leave) => reply.raw.once('close', leave));
  } catch (error) {
    void reply.header('retry-after', 1);
    throw error;
  }
}

/** Nobody has looked for the key then: it may be a good one. */
function refuseGuessing(failures: RateLimit, { ip }: FastifyRequest, reply: FastifyReply): void {
  const seconds = failures.waitSeconds(networkOf(ip), Date.now());
  if (seconds === 0) return;
  void reply.headers({ 'retry-after': seconds, connection: 'close' });
  throw new ProblemError('too_many_failures', `Too many keys that are none came from this address: wait ${seconds} s.`);
}

/** Headers as in draft-ietf-httpapi-ratelimit-headers-11. The name of the policy is free. */
function countRequest(rateLimit: RateLimit, principal: Principal, reply: FastifyReply): void {
  const allowance = rateLimit.take(countedAs(principal), Date.now());
  if (!allowance) return;
  const { limit, remaining, resetSeconds, isExceeded } = allowance;
  void reply.headers({
    'ratelimit-policy': `"requests";q=${limit};w=${WINDOW_SECONDS}`,
    ratelimit: `"requests";r=${remaining};t=${resetSeconds}`,
  });
  if (!isExceeded) return;
  void reply.header('retry-after', resetSeconds);
  const whose = principal.tenant === null ? 'The key' : 'All keys of the tenant together';
  throw new ProblemError('rate_limited', `${whose} may make ${limit} requests a minute: wait ${resetSeconds} s.`);
}

/** RFC 6750, 3.1: of a request that shows no key, nothing is said to be wrong with it. */
const challengeTo = (key: string) => `Bearer realm="retract"${key === '' ? '' : ', error="invalid_token"'}`;

const bearerOf = (header = '') => /^Bearer +(\S+)$/i.exec(header)?.[1] ?? '';
