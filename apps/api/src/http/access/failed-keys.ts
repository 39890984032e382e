import type { FastifyReply, FastifyRequest } from 'fastify';
import { networkOf } from './network.js';
import { ProblemError } from '../problems/problem.js';
import type { RateLimit } from './rate-limit.js';

/** Slows down who tries keys, sessions or sign-in links that are none: by address, all of them together. */
export class FailedKeys {
  constructor(private readonly failures: RateLimit) {}

  /** Nobody has looked for the key then: it may be a good one. @throws ProblemError `too_many_failures` */
  refuseGuessing({ ip }: FastifyRequest, reply: FastifyReply): void {
    const seconds = this.failures.waitSeconds(networkOf(ip), Date.now());
    if (seconds === 0) return;
    void reply.headers({ 'retry-after': seconds, connection: 'close' });
    throw new ProblemError(
      'too_many_failures',
      `Too many keys that are none came from this address: wait ${seconds} s.`,
    );
  }

  note({ ip }: FastifyRequest): void {
    this.failures.take(networkOf(ip), Date.now());
  }
}
