import type { FastifyInstance } from 'fastify';
import { newRequestId, runWithRequestId } from './request-context.js';

const HEADER = 'x-request-id';
/** A caller's own id is taken if it can stand in a log line and a job as it is. */
const ACCEPTABLE = /^[A-Za-z0-9._:-]{1,100}$/;

/** Every request has an id: in its answer, in every log line and job that comes of it. */
export function useRequestId(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const given = request.headers[HEADER];
    const id = typeof given === 'string' && ACCEPTABLE.test(given) ? given : newRequestId();
    void reply.header(HEADER, id);
    runWithRequestId(id, done);
  });
}
