import { useQuery } from '@tanstack/react-query';
import type { Session } from '@app/client';
import { retract } from './retract.js';

export type Role = 'viewer' | 'operator' | 'admin';

const RANKS: Record<string, number> = { viewer: 1, operator: 2, admin: 3 };

export const sessionQuery = {
  queryKey: ['session'] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => retract.session.get({ signal }),
  staleTime: 60_000,
};

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
