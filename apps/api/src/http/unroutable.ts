import type { FastifyReply, FastifyRequest } from 'fastify';
import { newRequestId } from '@app/logging';
import { problemOf } from './problem.js';
import { securityHeaders } from './security-headers.js';

/** Answers addresses that fastify cannot even look up, for which no hook runs: `/%zz`, or a name in it of over a hundred characters. */
export function answerUnroutable(publicUrl: string) {
  return ({ code }: { code: string }, _request: FastifyRequest, reply: FastifyReply): void => {
    const request_id = newRequestId();
    const problem =
      code === 'FST_ERR_BAD_URL'
        ? problemOf('invalid_request', 'The address has a % that begins no escaped character.', { request_id })
        : problemOf('not_found', 'Nothing has this address.', { request_id });
    void reply
      .status(problem.status)
      .headers({ ...securityHeaders(publicUrl), 'x-request-id': request_id })
      .type('application/problem+json')
      .send(problem);
  };
}
