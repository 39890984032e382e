import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { announcesNoBody } from '../bodies/media-types.js';
import type { Tolerance } from '../bodies/tolerance.js';

/** Node looks at its connections so often. */
const LOOK_EVERY_MS = 5_000;

/**
 * On which nothing moves in either direction: nobody reads an answer, or waits for one that never comes. The longest
 * that a request works without a word is a comparison with WeChat's list, some minutes; streams of events send a line
 * every 15 s.
 */
const DEAD_AFTER_MS = 10 * 60_000;

/** Callers who are told so are not welcome to go on: each attempt takes a connection of its own. */
const LAST_WORDS = [401, 408, 413];

/** The time for which a client that was answered may still send: that is read, and thrown away. */
const LINGER_MS = 2_000;

/** For Fastify. The time of a whole request has no limit: a takedown of a million lines may come slowly. */
export const connectionOptions = ({ headMs }: Tolerance) => ({
  connectionTimeout: DEAD_AFTER_MS,
  http: { headersTimeout: headMs, connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, headMs) },
});

/** Keeps the number of connections bounded, and ends those that are of no more use. */
export function useConnections(fastify: FastifyInstance, maxConnections: number): void {
  const { server } = fastify;
  server.maxConnections = maxConnections;
  let dropped = 0;
  const logger = new Logger('Connections');
  server.on('drop', () => {
    if (dropped++ > 0) return;
    logger.warn('there are as many connections as there may be', { limit: maxConnections });
    setTimeout(() => {
      if (dropped > 1) logger.warn('connections were refused in a minute', { count: dropped, limit: maxConnections });
      dropped = 0;
    }, 60_000).unref();
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (LAST_WORDS.includes(reply.statusCode)) void reply.header('connection', 'close');
    endIfUnfinished(request, reply);
    done();
  });
}

/** A body that nobody waits for any more could hold the connection for ever. */
export function endIfUnfinished(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request;
  if (raw.complete || announcesNoBody(request)) return;
  void reply.header('connection', 'close');
  // Node would close at once, with what has come and was not read: then the system resets the connection, and the
  // client, still writing, sees that instead of the answer.
  raw.socket.destroySoon = () => {
    raw.resume();
    endGently(raw.socket);
  };
}

/** @param lastWords whole, as they go over the wire */
export function endGently(socket: Socket, lastWords = ''): void {
  socket.end(lastWords);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
