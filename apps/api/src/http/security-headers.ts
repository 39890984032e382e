import type { FastifyInstance } from 'fastify';

const NOTHING = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** For our own pages: no script, nothing from elsewhere, and their style in the page itself. */
export const PAGE_POLICY = `default-src 'none'; style-src 'unsafe-inline'; ${NOTHING}`;

/** The same for those with a form, which goes to where the page came from. */
export const FORM_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'");

/** Data shows nothing and loads nothing, should a browser take it for a page. */
const DATA_POLICY = `default-src 'none'; ${NOTHING}`;

/** Swagger UI has its scripts and styles beside the page, some style and pictures in it, and tries calls out on this origin. */
const DOCS_POLICY = `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; ${NOTHING}`;

const DOCS_PATH = /^\/docs(\/|$)/;

const YEAR_S = 365 * 86_400;

/** What tells browsers to be careful with each answer. A page that needs more, or a referrer, says so itself. */
export function securityHeaders(publicUrl: string, path = ''): Record<string, string> {
  return {
    'content-security-policy': DOCS_PATH.test(path) ? DOCS_POLICY : DATA_POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${YEAR_S}` }),
  };
}

export function useSecurityHeaders(fastify: FastifyInstance, publicUrl: string): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(securityHeaders(publicUrl, request.routeOptions.url));
    done();
  });
}
