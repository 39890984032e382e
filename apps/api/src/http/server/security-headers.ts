import type { FastifyInstance } from 'fastify';

const NOTHING = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** For our own pages: no script, nothing from elsewhere, and their style in the page itself. */
export const PAGE_POLICY = `default-src 'none'; style-src 'unsafe-inline'; ${NOTHING}`;

/** For the pages that merchants see: with the provider's logo, which we serve. */
export const MERCHANT_PAGE_POLICY = PAGE_POLICY.replace('base-uri', "img-src 'self'; base-uri");

/** The same for those with a form, which goes to where the page came from. */
export const FORM_POLICY = MERCHANT_PAGE_POLICY.replace("form-action 'none'", "form-action 'self'");

/** A picture, should a browser open it as a page. */
export const PICTURE_POLICY = `default-src 'none'; sandbox`;

/** Data shows nothing and loads nothing, should a browser take it for a page. */
const DATA_POLICY = `default-src 'none'; ${NOTHING}`;

/**
 * Swagger UI has its scripts and styles beside the page, some style and pictures in it, and tries calls out on this
 * origin.
 */
const DOCS_POLICY =
  `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; ` +
  `img-src 'self' data:; connect-src 'self'; ${NOTHING}`;

/** The console has its scripts beside it and asks this origin alone. Its components place what they show by inline styles. */
export const CONSOLE_POLICY =
  `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; ` +
  `connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'`;

const DOCS_PATH = /^\/docs(\/|$)/;

const YEAR_S = 365 * 86_400;

/** What tells browsers to be careful with an answer, should it show nothing and load nothing. */
export const securityHeaders = (publicUrl: string): Record<string, string> => ({
  'content-security-policy': DATA_POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${YEAR_S}` }),
});

/**
 * On each answer. A page that needs more, or a referrer, says so itself. Added before other hooks, so that what these
 * refuse has the headers, too. They are few and constant: a plugin for them took a tenth of the time of a push.
 */
export function useSecurityHeaders(fastify: FastifyInstance, publicUrl: string): void {
  const ofData = securityHeaders(publicUrl);
  const ofDocs = { ...ofData, 'content-security-policy': DOCS_POLICY };
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(DOCS_PATH.test(request.routeOptions.url ?? '') ? ofDocs : ofData);
    done();
  });
}
