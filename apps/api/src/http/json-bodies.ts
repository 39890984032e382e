import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { needsKey } from './authentication.js';
import { ProblemError } from './problem.js';
import { parseStrictJson } from './strict-json.js';

/** JSON is read strictly, and other bodies only on the routes that say so: Fastify would take text/plain as well. */
export function useStrictJson(api: NestFastifyApplication): void {
  const fastify = api.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // No public route takes JSON, nor does an address that is none: it is not worth the work.
    if (!needsKey(request)) return done(null, undefined);
    const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
      done(new ProblemError('unsupported_media_type', `JSON is UTF-8; a body in another charset is not read.`));
      return;
    }
    try {
      done(null, parseStrictJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
}
