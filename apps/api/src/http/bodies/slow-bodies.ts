import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { announcesNoBody, linesFormat } from './media-types.js';
import { ProblemError } from '../problems/problem.js';
import type { Tolerance } from './tolerance.js';

/** A body has to come with so many bytes a second, once the patience is over. */
const BYTES_PER_SECOND = 16 * 1024;

const tooSlow = () => new ProblemError('request_timeout', 'The body did not come, or came too slowly.');

/** Answers for a body that does not come. Bodies of lines are looked after where they are read. */
export function useBodyDeadlines(fastify: FastifyInstance, { bodyMs }: Tolerance): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (!request.raw.complete && !announcesNoBody(request) && linesFormat(request) === undefined) {
      limit(request, reply, bodyMs);
    }
    done(null, payload);
  });
}

function limit({ raw }: FastifyRequest, reply: FastifyReply, bodyMs: number): void {
  const { socket } = raw;
  const startedAt = performance.now();
  const alreadyRead = socket.bytesRead;
  const look = () => {
    if (raw.complete || reply.sent) return;
    const earnedMs = ((socket.bytesRead - alreadyRead) / BYTES_PER_SECOND) * 1000;
    const leftMs = startedAt + bodyMs + earnedMs - performance.now();
    if (leftMs > 0) timer = setTimeout(look, leftMs).unref();
    else reply.send(tooSlow());
  };
  let timer = setTimeout(look, bodyMs).unref();
  raw.once('close', () => clearTimeout(timer));
}

/**
 * The same bytes, until the next ones do not come in time. The time counts only while somebody waits for them: who
 * reads slowly is not the client. When it is over, or the reader has enough, the body itself stays as it is, since with
 * a request goes the connection that the answer is to go out by.
 */
export function untilSilent(body: Readable, { linesMs }: Tolerance): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (;;) {
      const next = await inTime(iterator.next(), linesMs);
      if (next.done) return;
      yield next.value;
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

async function inTime<T>(awaited: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooSlow()), ms).unref();
  });
  try {
    return await Promise.race([awaited, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
