import {
  Injectable,
  SetMetadata,
  type CallHandler,
  type CustomDecorator,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tap, type Observable } from 'rxjs';
import { pathSeenAt } from '../problems/problem.js';

type Strings = Record<string, string>;
/** @param made the answer @param params of the route */
type AddressOf = (made: Strings, params: Strings) => string;

const MADE_AT = 'retract:made-at';

/** The path of what a route makes. On methods. */
export const MadeAt = (addressOf: AddressOf): CustomDecorator => SetMetadata(MADE_AT, addressOf);

/** Answers of 201 and 202 tell by `Location` where to look for what was made, also when they are given once more. */
@Injectable()
export class LocationInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly publicUrl: string,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<Strings>): Observable<unknown> {
    const addressOf = this.reflector.get<AddressOf | undefined>(MADE_AT, context.getHandler());
    if (!addressOf) return next.handle();
    const http = context.switchToHttp();
    const { params } = http.getRequest<FastifyRequest<{ Params: Strings }>>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      tap((made) => {
        if (![201, 202].includes(reply.statusCode)) return;
        void reply.header('location', pathSeenAt(this.publicUrl, addressOf(made, params)));
      }),
    );
  }
}
