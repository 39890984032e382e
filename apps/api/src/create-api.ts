import cookie from '@fastify/cookie';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { ApiKeys, Sessions } from '@app/access';
import { DatabaseClock } from '@app/database';
import { useRequestId, useRequestLog } from '@app/logging';
import { ApiModule, controllers } from './api.module.js';
import { tidyPushPath, usePushBodies } from './callbacks/push-bodies.js';
import { useConsole } from './console/serve-console.js';
import type { ApiEnv } from './env.js';
import { useAuthentication } from './http/access/authentication.js';
import { BasePath } from './http/server/base-path.js';
import { connectionOptions, useConnections } from './http/server/connections.js';
import { FailedKeys } from './http/access/failed-keys.js';
import { InFlight } from './http/access/in-flight.js';
import { SessionCookie } from './http/access/session-cookie.js';
import { useOpenApi } from './http/open-api/open-api.js';
import { useStrictJson } from './http/bodies/json-bodies.js';
import { protocolErrors } from './http/server/protocol-errors.js';
import { REQUEST_LIMIT } from './http/access/rate-limit.js';
import { useMethods } from './http/server/methods.js';
import { useTracing } from './http/server/request-tracing.js';
import { useSecurityHeaders } from './http/server/security-headers.js';
import { useBodyDeadlines } from './http/bodies/slow-bodies.js';
import { useStreamedBodies } from './http/bodies/streamed-bodies.js';
import { TOLERANCE, type Tolerance } from './http/bodies/tolerance.js';
import { Metrics } from './metrics/metrics.js';

/** Larger requests are refused before they are read. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/** At shutdown, how long requests may go on, and how long a client may take that neither reads nor hangs up. */
const CLOSE_AFTER_MS = 5_000;

/** The api on a migrated database, not yet listening. */
export async function createApi(
  env: ApiEnv,
  logger: LoggerService,
  tolerance: Tolerance = TOLERANCE,
): Promise<NestFastifyApplication> {
  const basePath = new BasePath(env.PUBLIC_URL);
  const adapter = new FastifyAdapter({
    trustProxy: env.TRUST_PROXY ?? false,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    rewriteUrl: ({ url = '' }) => tidyPushPath(basePath.without(url)),
    ...connectionOptions(tolerance),
    ...protocolErrors(env.PUBLIC_URL),
  });
  const api = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(env, tolerance), adapter, {
    logger,
    abortOnError: false,
    bodyParser: false,
  });
  closeInTime(adapter.getInstance());
  basePath.learn(adapter.getInstance());
  useSecurityHeaders(adapter.getInstance(), env.PUBLIC_URL);
  useConnections(adapter.getInstance(), env.API_MAX_CONNECTIONS);
  useRequestId(adapter.getInstance());
  useMethods(adapter.getInstance());
  const metrics = api.get(Metrics);
  adapter.getInstance().addHook('onResponse', (request, reply, done) => {
    const isStream = reply.getHeader('content-type') === 'text/event-stream';
    metrics.countRequest(request.method, request.routeOptions.url, reply.statusCode, reply.elapsedTime, isStream);
    done();
  });
  await adapter.getInstance().register(cookie);
  const callers = {
    keys: api.get(ApiKeys),
    sessions: api.get(Sessions),
    cookie: api.get(SessionCookie),
    failed: api.get(FailedKeys),
  };
  useAuthentication(adapter.getInstance(), callers, {
    requests: api.get(REQUEST_LIMIT),
    inFlight: new InFlight({
      light: { perKey: env.API_AT_ONCE_PER_KEY, perTenant: env.API_AT_ONCE_PER_TENANT },
      dear: { perKey: env.API_DEAR_AT_ONCE_PER_KEY, perTenant: env.API_DEAR_AT_ONCE_PER_TENANT },
    }),
  });
  await useTracing(adapter.getInstance());
  useRequestLog(adapter.getInstance());
  useBodyDeadlines(adapter.getInstance(), tolerance);
  useStrictJson(api);
  useStreamedBodies(adapter.getInstance(), tolerance);
  usePushBodies(adapter.getInstance());
  useOpenApi(api, controllers, env.PUBLIC_URL);
  await useConsole(adapter.getInstance(), env.PUBLIC_URL);
  if (env.BOOTSTRAP_API_KEY && !(await api.get(ApiKeys).bootstrap(env.BOOTSTRAP_API_KEY))) {
    logger.warn('BOOTSTRAP_API_KEY was revoked or replaced, or has limits or an end: set a new one');
  }
  // It takes no jobs, but signs and judges times by its clock: a wrong one is told.
  await api.get(DatabaseClock).start();
  return api;
}

/** Requests in hand are finished, but no client keeps the process up: a stream that nobody reads would, for ever. */
function closeInTime(fastify: FastifyInstance): void {
  fastify.addHook('preClose', (done) => {
    setTimeout(() => fastify.server.closeAllConnections(), CLOSE_AFTER_MS).unref();
    done();
  });
}
