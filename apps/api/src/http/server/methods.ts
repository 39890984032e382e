import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem.js';

/** A path as the router knows it, in parts: parameters are `:name`, and `*` at its end is all that follows. */
interface Route {
  pattern: string[];
  methods: Set<string>;
}

/**
 * Tells a wrong method from a wrong address: a path that other methods have is answered with 405 and the list of these,
 * before a byte of the body is read. HEAD is answered like GET, but what would be streamed is not even read: an export
 * that nobody gets is none. Before the routes are registered.
 */
export function useMethods(fastify: FastifyInstance): void {
  const routes = new Map<string, Route>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: url.split('/'), methods: new Set() };
    routes.set(url, route);
    for (const one of [method].flat()) route.methods.add(one);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const allowed = allowedAt(decoded(request.url), routes.values());
    if (allowed.length === 0) return done();
    void reply.header('allow', allowed.join(', '));
    done(new ProblemError('method_not_allowed', `This address takes ${allowed.join(', ')}; not ${request.method}.`));
  });
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (request.method === 'HEAD' && payload instanceof Readable) payload.destroy();
    done();
  });
}

/** The methods that some route has for this path, sorted. */
export function allowedAt(path: string, routes: Iterable<Route>): string[] {
  const parts = path.split('/');
  const matching = [...routes].filter(({ pattern }) => matches(pattern, parts));
  return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
}

function matches(pattern: string[], path: string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  if (isOpen ? path.length < pattern.length : path.length !== pattern.length) return false;
  return (isOpen ? pattern.slice(0, -1) : pattern).every((part, i) =>
    part.startsWith(':') ? path[i] !== '' : part === path[i],
  );
}

/** The router looks at paths with their percent-encoding undone, but not for methods that no route has. */
function decoded(url: string): string {
  try {
    return decodeURI(url.replace(/\?.*/s, ''));
  } catch {
    throw new ProblemError('malformed_request', 'The path is not UTF-8 in percent-encoding.');
  }
}
