import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem.js';

/** The cookie of those who reach the api at its public address, and the origin that their pages have. */
export class SessionCookie {
  readonly name: string;
  private readonly origin: string;
  private readonly options: { path: string; httpOnly: true; sameSite: 'strict'; secure: boolean };

  constructor(publicUrl: string) {
    const { protocol, pathname, origin } = new URL(publicUrl);
    const path = pathname.replace(/\/$/, '') || '/';
    const secure = protocol === 'https:';
    // Browsers take no cookie under these names that another host, or one without TLS, has set.
    const prefix = !secure ? '' : path === '/' ? '__Host-' : '__Secure-';
    this.name = `${prefix}retract_session`;
    this.origin = origin;
    this.options = { path, httpOnly: true, sameSite: 'strict', secure };
  }

  /** @returns an empty text where there is none */
  read({ cookies }: FastifyRequest): string {
    return cookies[this.name] ?? '';
  }

  set(reply: FastifyReply, token: string, expiresAt: Date): void {
    void reply.setCookie(this.name, token, { ...this.options, expires: expiresAt });
  }

  clear(reply: FastifyReply): void {
    void reply.clearCookie(this.name, this.options);
  }

  /**
   * A browser adds the cookie to requests that pages of its site make, not only ours; what changes something comes from
   * ours. @throws ProblemError `origin_refused`
   */
  refuseOtherOrigins({ method, headers }: FastifyRequest): void {
    if (READS.includes(method) || headers.origin === this.origin) return;
    throw new ProblemError('origin_refused', `A session changes something only from a page of ${this.origin}.`);
  }

  /** Who signs in from a page signs in from ours; a program sends no origin. @throws ProblemError `origin_refused` */
  refuseForeignPages(request: FastifyRequest): void {
    if (request.headers.origin !== undefined) this.refuseOtherOrigins(request);
  }
}

const READS = ['GET', 'HEAD', 'OPTIONS'];
