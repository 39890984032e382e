import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { logNoRequest, logRequest, newRequestId, runWithRequestId } from '@app/logging';
import { endGently, endIfUnfinished } from './connections.js';
import { problemOf, seenAt, type Problem } from '../problems/problem.js';
import { securityHeaders } from './security-headers.js';

/**
 * For Fastify: what fails before there is a request that a hook or a filter could see is a problem document as well.
 */
export const protocolErrors = (publicUrl: string) => ({
  /** Answers a request whose address the router cannot read. */
  frameworkErrors(error: { code?: string }, request: FastifyRequest, reply: FastifyReply): void {
    withId((id) => {
      const problem = seenAt(publicUrl, problemFor(error.code));
      endIfUnfinished(request, reply);
      reply.raw.once('close', () => logRequest(request, reply));
      void reply
        .headers({ ...securityHeaders(publicUrl), 'x-request-id': id })
        .status(problem.status)
        .type('application/problem+json')
        .send(problem);
    });
  },

  /** Answers what is not HTTP, or did not come in time. */
  clientErrorHandler(error: { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return;
    // Node keeps there what is being answered: into the middle of an answer nothing can be said.
    const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
    if (answer?.headersSent) return void socket.destroy();
    withId((id) => {
      const problem = seenAt(publicUrl, problemFor(error.code));
      endGently(socket, onTheWire(problem, { ...securityHeaders(publicUrl), 'x-request-id': id }));
      logNoRequest(problem.status, problem.code);
    });
  },
});

function withId(answer: (id: string) => void): void {
  const id = newRequestId();
  runWithRequestId(id, () => answer(id));
}

function problemFor(code: string | undefined): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problemOf('request_timeout', 'The head of the request did not come, or came too slowly.');
    case 'HPE_HEADER_OVERFLOW':
      return problemOf('head_too_large', 'Address and headers are larger than 16 kB together.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return problemOf('address_too_long', 'A part of the path is longer than any name or id.');
    case 'FST_ERR_BAD_URL':
      return problemOf('malformed_request', 'The path is not UTF-8 in percent-encoding.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problemOf('payload_too_large', 'The chunks of the body have extensions that are too large.');
    default:
      return problemOf('malformed_request', 'This is not HTTP/1.1.');
  }
}

function onTheWire(problem: Problem, headers: Record<string, string>): string {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
