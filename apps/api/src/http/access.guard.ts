import {
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ApiKeys, mayAct, type Principal, type Role } from '@app/access';
import { ProblemError } from './problem.js';

const ACCESS = 'retract:access';
type Access = Role | 'public';

/** The least role that may use a route. */
export const Needs = (role: Role): CustomDecorator => SetMetadata(ACCESS, role);

/** WeChat's pushes, merchants' browsers and health checks have no API key. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS, 'public');

/** Who makes this request. Only on routes that need a role. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { principal } = context.switchToHttp().getRequest<RequestWithPrincipal>();
  if (!principal) throw new Error('A public route has no caller.');
  return principal;
});

type RequestWithPrincipal = FastifyRequest & { principal?: Principal };

/** Lets a request through if its key may. A route without a rule is shut. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const needed = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === 'public') return true;
    if (needed === undefined)
      throw new Error(`No access rule on ${context.getClass().name}.${context.getHandler().name}.`);
    const request = context.switchToHttp().getRequest<RequestWithPrincipal>();
    const principal = await this.keys.authenticate(bearerOf(request.headers.authorization));
    if (!principal)
      throw new ProblemError('unauthenticated', 'Send "Authorization: Bearer rk_…" with a key that is valid.');
    if (!mayAct(principal.role, needed)) {
      throw new ProblemError('forbidden', `This takes the role ${needed}; the key has the role ${principal.role}.`);
    }
    request.principal = principal;
    return true;
  }
}

const bearerOf = (header = '') => /^Bearer +(\S+)$/i.exec(header)?.[1] ?? '';
