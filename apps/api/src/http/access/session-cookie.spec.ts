import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionCookie } from './session-cookie.js';

function cookieSetAt(publicUrl: string) {
  const told: unknown[] = [];
  const reply = { setCookie: (...cookie: unknown[]) => told.push(...cookie) };
  new SessionCookie(publicUrl).set(reply as unknown as FastifyReply, 'value', new Date(0));
  return told;
}

describe('the cookie of a session', () => {
  it.each([
    ['https://x.example', '__Host-retract_session', { path: '/', secure: true }],
    ['https://x.example/retract', '__Secure-retract_session', { path: '/retract', secure: true }],
    ['http://127.0.0.1:3000', 'retract_session', { path: '/', secure: false }],
    ['http://x.example/retract', 'retract_session', { path: '/retract', secure: false }],
  ])('at %s is as strict as it can be', (publicUrl, name, options) => {
    const strict = { ...options, httpOnly: true, sameSite: 'strict', expires: new Date(0) };
    expect(cookieSetAt(publicUrl)).toEqual([name, 'value', strict]);
  });

  const requestOf = (method: string, origin?: string) =>
    ({ method, headers: origin === undefined ? {} : { origin } }) as unknown as FastifyRequest;

  it.each([
    ['GET', undefined, true],
    ['HEAD', undefined, true],
    ['GET', 'https://elsewhere.example', true],
    ['POST', undefined, false],
    ['POST', 'null', false],
    ['POST', 'https://elsewhere.example', false],
    ['PATCH', 'http://x.example', false],
    ['PUT', 'https://x.example:8443', false],
    ['DELETE', 'https://x.example.elsewhere.example', false],
    ['DELETE', 'https://x.example', true],
    ['POST', 'https://x.example', true],
  ])('lets %s from %s do what it asks: %s', (method, origin, isLetIn) => {
    const cookie = new SessionCookie('https://x.example/retract');
    const ask = () => cookie.refuseOtherOrigins(requestOf(method, origin));
    if (isLetIn) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code: 'origin_refused' }));
  });

  it('is asked for by programs, which send no origin, and by our pages', () => {
    const cookie = new SessionCookie('https://x.example');
    expect(() => cookie.refuseForeignPages(requestOf('POST'))).not.toThrow();
    expect(() => cookie.refuseForeignPages(requestOf('POST', 'https://x.example'))).not.toThrow();
    expect(() => cookie.refuseForeignPages(requestOf('POST', 'https://y.example'))).toThrow('x.example');
  });
});
