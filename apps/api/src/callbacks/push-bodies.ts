import type { FastifyInstance } from 'fastify';
import { announcesNoBody, isPushRoute, unsupportedBody } from '../http/bodies/media-types.js';

/** Pushes of WeChat are a few kilobytes. Larger ones are refused before they are read. */
const PUSH_LIMIT_BYTES = 64 * 1024;

/** As it is on the wire: the parsers know it by this name. */
const PUSH_TYPE = 'text/xml';

/**
 * Reads WeChat's pushes as they came, signatures being over bytes, and whatever type they name. Before the routes are
 * registered.
 */
export function usePushBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (isPushRoute(route.url)) route.bodyLimit = PUSH_LIMIT_BYTES;
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { raw, routeOptions } = request;
    if (isPushRoute(routeOptions.url) && !announcesNoBody(request)) raw.headers['content-type'] = PUSH_TYPE;
    done();
  });
  fastify.addContentTypeParser(PUSH_TYPE, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0 || request.is404) return done(null, undefined);
    if (isPushRoute(request.routeOptions.url)) return done(null, body);
    done(unsupportedBody(request, 'This address takes no XML.'));
  });
}

/** A platform is often registered at WeChat with a slash too many, and WeChat then pushes to that address for ever. */
export function tidyPushPath(url: string): string {
  const [path = '', ...query] = url.split('?');
  if (!/^\/+wechat\//.test(path)) return url;
  return [path.replace(/\/{2,}/g, '/').replace(/\/$/, ''), ...query].join('?');
}
