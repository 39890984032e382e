import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '@app/access';
import { ProblemError } from '../problems/problem.js';

/** The `Idempotency-Key` header, if there is one. */
export const IdempotencyKey = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const given = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (given === undefined) return undefined;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given)) return given;
  const message = 'must be 1 to 255 visible ASCII characters';
  throw new ProblemError('invalid_request', `Idempotency-Key: ${message}`, {
    errors: [{ field: 'Idempotency-Key', message }],
  });
});

/** Marks an answer that was given before: the header is the one that clients know from other APIs. */
export function tellRepeat(reply: FastifyReply, { isRepeat }: Pick<Answer<unknown>, 'isRepeat'>): void {
  if (isRepeat) void reply.header('idempotency-replayed', 'true');
}
