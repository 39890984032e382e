import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countedAs, type ApiKeys, type Principal, type Sessions } from '@app/access';
import type { FailedKeys } from './failed-keys.js';
import type { InFlight, Weight } from './in-flight.js';
import { ProblemError } from '../problems/problem.js';
import { WINDOW_SECONDS, type RateLimit } from './rate-limit.js';
import type { SessionCookie } from './session-cookie.js';

/** Of a route; set by `@Needs` and `@SignsIn`. */
export interface KeyedRoute {
  needsKey?: true;
  weight?: Weight;
  signsIn?: true;
}

export type RequestWithPrincipal = FastifyRequest & { principal?: Principal; place?: HeldPlace };

export const needsKey = ({ routeOptions }: FastifyRequest): boolean =>
  (routeOptions.config as KeyedRoute | undefined)?.needsKey === true;

export const signsIn = ({ routeOptions }: FastifyRequest): boolean =>
  (routeOptions.config as KeyedRoute | undefined)?.signsIn === true;

/** The figures of this process are wanted exactly while something is away. */
const isScrape = ({ routeOptions }: FastifyRequest): boolean => routeOptions.url === '/metrics';

/** A key, or a link, and nothing more. */
const SIGN_IN_BYTES = 4_096;

/** Those who come, and what they are asked for. */
interface Callers {
  keys: ApiKeys;
  sessions: Sessions;
  cookie: SessionCookie;
  failed: FailedKeys;
}

/**
 * Asks for the key and counts the request before its body is read: reading megabytes of JSON is work that only those
 * may ask for who have a key, and no more often than it allows. What the key may do is the guard's to say.
 */
export function useAuthentication(
  fastify: FastifyInstance,
  callers: Callers,
  { requests, inFlight }: { requests: RateLimit; inFlight: InFlight },
): void {
  fastify.addHook('onRequest', async (request: RequestWithPrincipal, reply) => {
    if (!needsKey(request)) return;
    const principal = await identify(callers, request, reply);
    countRequest(requests, principal, reply);
    request.principal = principal;
    await takePlace(inFlight, principal, request, reply);
  });
  // Of a client that hangs up the place is free when its work is done, not before: hanging up would be the way to have
  // more done.
  fastify.addHook('onRoute', (route) => {
    if ((route.config as KeyedRoute | undefined)?.signsIn) route.bodyLimit = SIGN_IN_BYTES;
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

/** A key that the request names counts; only without one its session does. */
async function identify(callers: Callers, request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
  const { keys, sessions, cookie, failed } = callers;
  const { authorization = '' } = request.headers;
  const isSession = authorization === '';
  const secret = isSession ? cookie.read(request) : bearerOf(authorization);
  const known = isSession ? sessions : keys;
  const wasLetIn = known.wasLetIn(secret);
  // Behind a proxy that is not named in the settings, everybody shares an address: a key that was let in before is
  // let in.
  if (!wasLetIn) failed.refuseGuessing(request, reply);
  const isRecalled = !isSession && isScrape(request);
  const principal = await (isRecalled ? keys.authenticateOrRecall(secret) : known.authenticate(secret));
  if (!principal) {
    // A page whose session is over asks a few times more before it notices.
    if (secret !== '' && !(wasLetIn && isSession)) failed.note(request);
    void reply.header('www-authenticate', challengeTo(isSession ? '' : secret));
    throw new ProblemError(
      'unauthenticated',
      'Send "Authorization: Bearer rk_…" with a key that is valid, or the cookie of a session.',
    );
  }
  if (isSession) cookie.refuseOtherOrigins(request);
  return principal;
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

/** Headers as in draft-ietf-httpapi-ratelimit-headers-11. The name of the policy is free. @throws ProblemError `rate_limited` */
export function countRequest(rateLimit: RateLimit, principal: Principal, reply: FastifyReply): void {
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

const bearerOf = (header: string) => /^Bearer +(\S+)$/i.exec(header)?.[1] ?? '';
