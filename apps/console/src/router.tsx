import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { basePath } from './api/retract.js';
import { NotFound, Shell } from './shell/shell.js';

/** What is in the address behind the ?: each filter by its name. Ids stay texts, whatever they look like. */
export type Search = Record<string, string | undefined>;

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Search): Search => search,
});

type Page = () => Promise<Record<'Page', () => React.ReactNode>>;
const page = <const Path extends string>(path: Path, load: Page) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, 'Page') });

const routes = root.addChildren([
  page('/', () => import('./overview/overview-page.js')),
  page('/take-down', () => import('./take-down/take-down-page.js')),
  page('/takedowns', () => import('./takedowns/takedowns-page.js')),
  page('/takedowns/$id', () => import('./takedowns/takedown-page.js')),
  page('/deletions', () => import('./deletions/deletions-page.js')),
  page('/deletions/$id', () => import('./deletions/deletion-page.js')),
  page('/merchants', () => import('./merchants/merchants-page.js')),
  page('/merchants/$appid', () => import('./merchants/merchant-page.js')),
  page('/onboard', () => import('./onboard/onboard-page.js')),
  page('/messages', () => import('./messages/messages-page.js')),
  page('/settings/platforms', () => import('./platforms/platforms-page.js')),
  page('/settings/platforms/$appid', () => import('./platforms/platform-page.js')),
  page('/settings/keys', () => import('./keys/keys-page.js')),
  page('/settings/webhooks', () => import('./webhooks/webhooks-page.js')),
  page('/settings/webhooks/$id', () => import('./webhooks/webhook-page.js')),
  page('/settings/audit', () => import('./audit/audit-page.js')),
  page('/help', () => import('./help/help-page.js')),
]);

export const router = createRouter({
  routeTree: routes,
  basepath: `${basePath}/console`,
  defaultPreload: 'intent',
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search as Search).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    );
    return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
