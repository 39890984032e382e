import { MutationCache, QueryCache, QueryClient, type Query } from '@tanstack/react-query';
import { RetractError } from '@app/client';

/** What is asked for, by the noun of the route: the first part of each query's key. */
export type Subject =
  | 'api-keys'
  | 'audit-events'
  | 'deletions'
  | 'events'
  | 'mass-messages'
  | 'merchant-names'
  | 'merchants'
  | 'overview'
  | 'platforms'
  | 'session'
  | 'sessions'
  | 'takedowns'
  | 'webhook-deliveries'
  | 'webhook-endpoints';

export type QueryKey = readonly [Subject, ...unknown[]];

declare module '@tanstack/react-query' {
  interface Register {
    queryKey: QueryKey;
    mutationKey: QueryKey;
  }
}

/** There is no session, or it is over. */
export const isSignedOut = (error: unknown): boolean =>
  error instanceof RetractError && error.code === 'unauthenticated';

/** The client of the api tries again by itself, where that is safe. */
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error, { queryKey }) => noteFailure(error, queryKey) }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _result, { options }) => noteFailure(error, options.mutationKey),
  }),
  defaultOptions: { queries: { retry: false, staleTime: 5_000 }, mutations: { retry: false } },
});

/** Whatever is refused for the lack of a session has the session itself read again, and that leads to the sign-in page. */
function noteFailure(error: unknown, key?: QueryKey): void {
  if (isSignedOut(error) && key?.[0] !== 'session') void queries.invalidateQueries({ queryKey: ['session'] });
}

/** As many pages of a list are read anew by themselves. */
const PAGES_READ_ANEW = 2;

/** Whether it can be read anew without being asked: not a list of which much was read. */
export function isShort({ state: { data } }: { state: Pick<Query['state'], 'data'> }): boolean {
  const pages = (data as { pages?: unknown[] } | undefined)?.pages;
  return pages === undefined || pages.length <= PAGES_READ_ANEW;
}

/** What one person has read is not for the next one. */
export function forgetAll(): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
}
