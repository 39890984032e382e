import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** A browser that looks ahead: nobody has asked for the page yet. */
export class Prefetched extends Error {}

/**
 * What browsers say when they load what may be wanted next.
 * https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header
 */
const SAYING_SO = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];

@Injectable()
export class NoPrefetch implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (SAYING_SO.some((name) => /\b(prefetch|prerender|preview)\b/i.test(String(headers[name] ?? ''))))
      throw new Prefetched();
    return true;
  }
}
