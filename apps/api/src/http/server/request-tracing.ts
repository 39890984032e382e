import type { FastifyInstance } from 'fastify';
import { requestTracing } from '@app/tracing';
import type { RequestWithPrincipal } from '../access/authentication.js';

/**
 * Traces the requests that the hooks before this one have let through. A request goes on with the trace of its caller only
 * where that has shown a key: strangers would decide by `traceparent` which of their requests are kept, and by what id.
 */
export async function useTracing(fastify: FastifyInstance): Promise<void> {
  const plugin = requestTracing();
  if (!plugin) return;
  fastify.addHook('onRequest', ({ principal, raw }: RequestWithPrincipal, _reply, done) => {
    if (!principal) delete raw.headers.traceparent;
    done();
  });
  await fastify.register(plugin);
}
