import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  SerializeOptions,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiKeys, IssuedKeys, SessionNotFound, Sessions, SignInFailed, type Actor, type Principal } from '@app/access';
import { currentRequestId, newRequestId } from '@app/logging';
import { AuditedCaller, Caller, Needs, Public, SignsIn } from '../http/access/access.guard.js';
import { FailedKeys } from '../http/access/failed-keys.js';
import { countRequest } from '../http/access/authentication.js';
import { isFromHere } from '../http/access/network.js';
import { RateLimit, REQUEST_LIMIT } from '../http/access/rate-limit.js';
import { SessionCookie } from '../http/access/session-cookie.js';
import { Operation } from '../http/open-api/operation.js';
import { callerResource, sessionResource, sessionSchema, signInOf, signInSchema, type SignInBody } from './session.js';

/** The caller's own session. */
@ApiTags('sessions')
@Controller('v1/session')
export class SessionController {
  constructor(
    private readonly sessions: Sessions,
    private readonly keys: ApiKeys,
    private readonly issued: IssuedKeys,
    private readonly failed: FailedKeys,
    private readonly cookie: SessionCookie,
    @Inject(REQUEST_LIMIT) private readonly requests: RateLimit,
  ) {}

  @Post()
  @Public()
  @SignsIn()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @SerializeOptions({ schema: sessionSchema })
  @Operation({
    summary: 'Sign in',
    description:
      'Signs a browser in, with an API key of the role viewer or more, or with a sign-in link, which is good for ' +
      'browsers on the machine of this service alone. The session is a cookie that pages cannot read. It does what its key may do, and ends after 12 hours or with its key. A key may have 100: ' +
      'another one ends the oldest. Needs no API key.',
    problems: ['unauthenticated', 'forbidden', 'origin_refused', 'too_many_failures', 'rate_limited'],
    answers: {
      200: {
        description: 'The session.',
        headers: {
          'Set-Cookie': 'The session’s token, for the browser alone.',
          RateLimit: 'As of any request with the key.',
          'RateLimit-Policy': 'As of any request with the key.',
        },
      },
    },
  })
  async signIn(
    @Body({ schema: signInSchema }) body: SignInBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    this.cookie.refuseForeignPages(request);
    const key = body.api_key ?? '';
    if (!this.keys.wasLetIn(key)) this.failed.refuseGuessing(request, reply);
    const caller = await this.keys.authenticate(key);
    if (caller) countRequest(this.requests, caller, reply);
    try {
      // The link was printed on a terminal of this machine. Elsewhere it is refused without being used up.
      if (body.sign_in_token !== undefined && !isFromHere(request)) throw new SignInFailed();
      const asked = { requestId: currentRequestId() ?? newRequestId(), ip: request.ip };
      const { token, session } = await this.sessions.start(signInOf(body), asked);
      this.cookie.set(reply, token, session.expiresAt);
      return sessionResource(session);
    } catch (error) {
      if (error instanceof SignInFailed) this.failed.note(request);
      throw error;
    }
  }

  @Get()
  @Needs('viewer')
  @Header('cache-control', 'no-store')
  @SerializeOptions({ schema: sessionSchema })
  @Operation({
    summary: 'Read the own session',
    description: 'Who asks: the session, or the key where the request came with one.',
    answers: { 200: { description: 'The session, or the key.' } },
  })
  async get(@Caller() { scope, apiKeyId, sessionId }: Principal) {
    if (sessionId !== undefined) return sessionResource(await this.sessions.get(scope, sessionId));
    return callerResource(await this.issued.get(scope, apiKeyId));
  }

  @Delete()
  @HttpCode(204)
  @Needs('viewer')
  @Operation({
    summary: 'Sign out',
    description: 'Ends the own session. It takes a second, and then no process lets the session in.',
    problems: ['session_not_found'],
    answers: {
      204: { description: 'The session has ended.', headers: { 'Set-Cookie': 'Takes the cookie away.' } },
    },
  })
  async signOut(@AuditedCaller() actor: Actor, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    if (actor.sessionId === undefined) throw new SessionNotFound('of this request: it came with an API key');
    await this.sessions.end(actor, actor.sessionId);
    this.cookie.clear(reply);
  }
}
