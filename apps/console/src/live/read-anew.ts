import type { Query, QueryClient } from '@tanstack/react-query';
import { isShort, type Subject } from '../api/queries.js';

/** What an event may have changed, by the first word of its type. */
const CHANGED: Readonly<Record<string, readonly Subject[]>> = {
  merchant: ['merchants', 'merchant-names', 'overview', 'events'],
  platform: ['platforms', 'merchants', 'deletions', 'takedowns', 'overview', 'events'],
  deletion: ['deletions', 'takedowns', 'merchants', 'mass-messages', 'overview', 'events'],
  takedown: ['takedowns', 'deletions', 'overview', 'events'],
  webhook: ['webhook-endpoints', 'webhook-deliveries', 'overview', 'events'],
};

export const changedBy = (type: string): readonly Subject[] => CHANGED[type.split('.')[0] ?? ''] ?? [];

/** Whatever events tell of. */
export const liveSubjects: ReadonlySet<Subject> = new Set(Object.values(CHANGED).flat());

/**
 * Has read anew what is due. Of longer lists only the viewer asks for the news: they would be read from the start.
 * @returns those that are due once more, by their hash. What is being read now may be as it was before the change; but
 * were the read broken off, then under load, with news each second, none would come to its end.
 */
export function readAnew(queries: QueryClient, isDue: (query: Query) => boolean): ReadonlySet<string> {
  const due = queries.getQueryCache().findAll({ predicate: isDue });
  const [reading, resting] = [new Set<string>(), new Set<string>()];
  for (const { state, queryHash } of due) (state.fetchStatus === 'fetching' ? reading : resting).add(queryHash);
  const isResting = ({ queryHash }: Query) => resting.has(queryHash);
  void queries.invalidateQueries({ predicate: (query) => isResting(query) && isShort(query) });
  void queries.invalidateQueries({
    predicate: (query) => isResting(query) && !isShort(query),
    refetchType: 'none',
  });
  return reading;
}
