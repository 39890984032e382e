import helmet from '@fastify/helmet';
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

const isHttps = (publicUrl: string) => publicUrl.startsWith('https:');

/** As useSecurityHeaders sets them, for answers that are written before there is a request: no hook runs for these. */
export const securityHeaders = (publicUrl: string): Record<string, string> => ({
  'content-security-policy': DATA_POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  ...(isHttps(publicUrl) && { 'strict-transport-security': `max-age=${YEAR_S}` }),
});

/**
 * What tells browsers to be careful with each answer. A page that needs more, or a referrer, says so itself. Awaited
 * before other hooks are added, so that what these refuse has the headers, too. The policy is ours: it depends on the
 * route.
 */
export async function useSecurityHeaders(fastify: FastifyInstance, publicUrl: string): Promise<void> {
  await fastify.register(helmet, {
    contentSecurityPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: isHttps(publicUrl) && { maxAge: YEAR_S, includeSubDomains: false },
    // A site that opens the authorization page in a window of its own would lose sight of it.
    crossOriginOpenerPolicy: false,
    // Of no use to data and to pages that load nothing.
    crossOriginResourcePolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const isDocs = DOCS_PATH.test(request.routeOptions.url ?? '');
    void reply.header('content-security-policy', isDocs ? DOCS_POLICY : DATA_POLICY);
    done();
  });
}
