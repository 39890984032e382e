import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  SetMetadata,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RouteConfig } from '@nestjs/platform-fastify';
import { mayAct, type Actor, type Principal, type Role } from '@app/access';
import { currentRequestId, newRequestId } from '@app/logging';
import type { KeyedRoute, RequestWithPrincipal } from './authentication.js';
import type { Weight } from './in-flight.js';
import { ProblemError } from '../problems/problem.js';

const ACCESS = 'retract:access';
const UNLIMITED = 'retract:unlimited';
const WEIGHT = 'retract:weight';
/** `any`: whatever the role of the key. */
type Needed = Role | 'any';
type Access = Needed | 'public';

/** The least role that may use a route, and what a request there costs. On methods. */
export const Needs = (role: Needed, weight: Weight = 'light'): MethodDecorator =>
  applyDecorators(
    SetMetadata(ACCESS, role),
    SetMetadata(WEIGHT, weight),
    RouteConfig({ needsKey: true, weight } satisfies KeyedRoute),
  );

/** @param handler a method of a controller @returns undefined for a public one */
export function neededRole(handler: object): Needed | undefined {
  const access = Reflect.getMetadata(ACCESS, handler) as Access | undefined;
  return access === 'public' ? undefined : access;
}

/** @param handler a method of a controller */
export const weightOf = (handler: object): Weight =>
  (Reflect.getMetadata(WEIGHT, handler) as Weight | undefined) ?? 'light';

/** WeChat's pushes, merchants' browsers and health checks have no API key. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS, 'public');

/** For the public route that takes JSON: who signs in has no session yet, and sends the key in the body. */
export const SignsIn = (): MethodDecorator => RouteConfig({ signsIn: true } satisfies KeyedRoute);

/**
 * For routes about the deployment as a whole: a key that is limited to platforms or merchants may not use them. (All
 * other routes treat what is beyond a key's limits as if it were not there.)
 */
export const Unlimited = (): CustomDecorator => SetMetadata(UNLIMITED, true);

/** @param handler a method of a controller */
export const isUnlimited = (handler: object): boolean => Reflect.getMetadata(UNLIMITED, handler) === true;

/** Who makes this request. Only on routes that need a role. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { principal } = context.switchToHttp().getRequest<RequestWithPrincipal>();
  if (!principal) throw new Error('A public route has no caller.');
  return principal;
});

/** The caller as the audit log knows it. Only on routes that need a role. */
export const AuditedCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const { principal, ip } = context.switchToHttp().getRequest<RequestWithPrincipal>();
  if (!principal) throw new Error('A public route has no caller.');
  return { ...principal, ip, requestId: currentRequestId() ?? newRequestId() };
});

/** Lets a request through if its key, which authentication.ts has seen, may. A route without a rule is shut. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === 'public') return true;
    if (needed === undefined)
      throw new Error(`No access rule on ${context.getClass().name}.${context.getHandler().name}.`);
    const { principal } = context.switchToHttp().getRequest<RequestWithPrincipal>();
    if (!principal)
      throw new Error(`Nobody asked for a key on ${context.getClass().name}.${context.getHandler().name}.`);
    if (needed !== 'any' && !mayAct(principal.role, needed)) {
      throw new ProblemError('forbidden', `This takes the role ${needed}; the key has the role ${principal.role}.`);
    }
    if (this.reflector.get<boolean | undefined>(UNLIMITED, context.getHandler())) refuseLimits(principal.scope);
    return true;
  }
}

/** @throws ProblemError `key_limited` when the key has limits that this would reach beyond */
export function refuseLimits({ platforms, merchants }: Partial<Principal['scope']>): void {
  if (platforms) throw new ProblemError('key_limited', 'The key is limited to some platforms; this concerns them all.');
  if (merchants)
    throw new ProblemError('key_limited', 'The key is limited to some merchants; this concerns others as well.');
}
