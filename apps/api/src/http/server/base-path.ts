import type { FastifyInstance } from 'fastify';
import { pathSeenAt } from '../problems/problem.js';

/**
 * The path of PUBLIC_URL. A proxy may take it away from an address before the api gets it, or leave it there: the api
 * answers to both.
 */
export class BasePath {
  private readonly base: string;
  /** The first parts of all paths that the api has. */
  private readonly ours = new Set<string>();

  constructor(publicUrl: string) {
    this.base = pathSeenAt(publicUrl, '');
  }

  /** Before the routes are registered. */
  learn(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url }) => {
      const first = firstPartOf(url);
      if (first !== '') this.ours.add(first);
    });
  }

  /** @param url of a request, with its query @returns the same as the routes have it */
  without(url: string): string {
    return withoutBase(url, this.base, this.ours);
  }
}

/**
 * Where the base begins like a path of ours, as `/wechat` does, the proxy may have taken it away already. Then it is
 * there once more only if a path of ours follows.
 */
export function withoutBase(url: string, base: string, ours: ReadonlySet<string>): string {
  if (base === '' || !url.startsWith(base)) return url;
  const rest = url.slice(base.length);
  if (!/^([/?]|$)/.test(rest)) return url;
  if (ours.has(firstPartOf(base)) && !ours.has(firstPartOf(rest))) return url;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const firstPartOf = (url: string): string => /^\/*([^/?]*)/.exec(url)?.[1] ?? '';
