import type { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { needsKey, signsIn } from '../access/authentication.js';
import { encodingOf, ENCODINGS_TAKEN, isEncodingTaken, unpacked } from './content-encoding.js';
import {
  announcesNoBody,
  isPushRoute,
  linesFormat,
  refuseOtherCharsets,
  takesLines,
  typesTaken,
  unsupportedBody,
} from './media-types.js';
import { parseStrictBody } from './strict-json.js';

/** Two lists of a thousand appids, fifty entries of metadata, and room for mistakes that the schemas explain. */
const MAX_VALUES = 5_000;
/** Ten thousand messages of eight articles each, every field given, and more. */
const MAX_VALUES_OF_LISTS = 500_000;

type Done = (error: Error | null, body?: unknown) => void;

/**
 * JSON is read strictly, and other bodies only on the routes that say so: Fastify would take text/plain as well. A body
 * that is empty is none, whatever its headers say: whether one is needed, the route knows.
 */
export function useStrictJson(api: NestFastifyApplication): void {
  const fastify = api.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  useContentEncodings(fastify);
  fastify.addHook('onRequest', (request, _reply, done) => {
    // Many clients name a type with every request, and not all of these can be read. An upload of no lines is one
    // still.
    if (announcesNoBody(request) && linesFormat(request) !== 'ndjson') delete request.raw.headers['content-type'];
    done();
  });
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      // No other public route takes JSON, nor does an address that is none: it is not worth the work.
      if (!(needsKey(request) || signsIn(request)) || body.length === 0) return undefined;
      refuseOtherCharsets(request);
      return parseStrictBody(
        body,
        takesLines(request.method, request.routeOptions.url) ? MAX_VALUES_OF_LISTS : MAX_VALUES,
      );
    },
  );
  fastify.addContentTypeParser('*', (request: FastifyRequest, body: Readable, done: Done) =>
    refuseUnlessEmpty(request, body, done),
  );
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode === 415) {
      const encodings = isPushRoute(request.routeOptions.url) ? 'identity' : ENCODINGS_TAKEN;
      void reply.headers({ accept: typesTaken(request), 'accept-encoding': encodings });
    }
    done();
  });
}

/**
 * For types that a route does not take: nothing of any type is fine, and what there is to say of an address that is
 * none is 404.
 */
export function refuseUnlessEmpty(request: FastifyRequest, body: Readable, done: Done): void {
  if (request.is404) return done(null, undefined);
  const settle = (error: Error | null) => {
    body.off('data', onData).off('end', onEnd).off('error', settle);
    done(error, undefined);
  };
  const onData = () => {
    body.pause();
    const said = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    settle(unsupportedBody(request, said === '' ? 'The body has no Content-Type.' : 'No body of this type is taken.'));
  };
  const onEnd = () => settle(null);
  body.on('data', onData).on('end', onEnd).on('error', settle);
}

/** Bodies may come packed. Pushes may not: they are passed on as they came. */
function useContentEncodings(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = encodingOf(request.headers['content-encoding']);
    if (encoding === undefined || request.is404 || announcesNoBody(request)) return done(null, payload);
    if (needsKey(request) && isEncodingTaken(encoding)) return done(null, unpacked(payload as Readable, encoding));
    done(unsupportedBody(request, 'The body has a Content-Encoding that is not taken.'));
  });
}
