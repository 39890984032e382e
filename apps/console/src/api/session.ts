import { useQuery } from '@tanstack/react-query';
import type { Session } from '@app/client';
import { retract } from './retract.js';

export type Role = 'viewer' | 'operator' | 'admin';

const RANKS: Record<string, number> = { viewer: 1, operator: 2, admin: 3 };

export const sessionQuery = {
  queryKey: ['session'] as const,
  queryFn: async ({ signal }: { signal: AbortSignal }) => ofThisTab(await retract.session.get({ signal })),
  staleTime: 60_000,
};

const KEY_KEPT_AS = 'retract.key';

/**
 * What one person has entered and read is not for the next one: with another key than before, perhaps from another
 * tab, the page begins anew.
 */
export function ofThisTab(session: Session): Session {
  const before = sessionStorage.getItem(KEY_KEPT_AS);
  if (before === session.api_key.id) return session;
  sessionStorage.clear();
  // A page that ends may still write something down: that is cleared by the next one, which finds no key.
  if (before === null) sessionStorage.setItem(KEY_KEPT_AS, session.api_key.id);
  else location.reload();
  return session;
}

export const hasRole = (session: Session | undefined, needed: Role): boolean =>
  (RANKS[session?.api_key.role ?? ''] ?? 0) >= (RANKS[needed] ?? Infinity);

/** Of a key that is limited to platforms or merchants: some of what an admin may do is not for it. */
export const isLimited = ({ api_key: { platforms, merchants } }: Session): boolean =>
  platforms !== null || merchants !== null;

/** Whether the one who is signed in may do what needs this role. */
export function useMay(needed: Role): boolean {
  const { data } = useQuery(sessionQuery);
  return hasRole(data, needed);
}
