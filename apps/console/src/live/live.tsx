import { useQueryClient, type Query } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, type ReactNode } from 'react';
import { eventTypeWords } from '@app/words';
import { addressOf } from '../api/retract.js';
import type { Subject } from '../api/queries.js';
import { sessionQuery } from '../api/session.js';

/** `lost`: what is shown may be old; it is caught up with when the connection is back. */
export type Connection = 'connecting' | 'live' | 'lost';

const ConnectionContext = createContext<Connection>('connecting');

export const useConnection = (): Connection => use(ConnectionContext);

/** What an event may have changed, by the first word of its type. */
const CHANGED: Record<string, readonly Subject[]> = {
  merchant: ['merchants', 'overview', 'events'],
  platform: ['platforms', 'overview', 'events'],
  deletion: ['deletions', 'takedowns', 'merchants', 'mass-messages', 'overview', 'events'],
  takedown: ['takedowns', 'deletions', 'overview', 'events'],
  webhook: ['webhook-endpoints', 'overview', 'events'],
};

/** Events come in crowds: a takedown ends hundreds of deletions a second. */
const GATHER_MS = 1_000;
const AGAIN_MS = 5_000;

/** Of longer lists only the viewer asks for the news: they would be read anew from their beginning. */
const PAGES_READ_ANEW = 2;

const isShort = ({ state }: Query): boolean => {
  const pages = (state.data as { pages?: unknown[] } | undefined)?.pages;
  return pages === undefined || pages.length <= PAGES_READ_ANEW;
};

/** Follows the events, and has read anew what they changed. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>('connecting');
  useEffect(() => {
    const changed = new Set<Subject>();
    let last: string | undefined;
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let gathering: ReturnType<typeof setTimeout> | undefined;

    const readAnew = () => {
      gathering = undefined;
      const subjects = new Set(changed);
      changed.clear();
      const isChanged = (query: Query) => subjects.has(query.queryKey[0]);
      void queries.invalidateQueries({ predicate: (query) => isChanged(query) && isShort(query) });
      void queries.invalidateQueries({
        predicate: (query) => isChanged(query) && !isShort(query),
        refetchType: 'none',
      });
    };
    const note = (event: MessageEvent) => {
      last = event.lastEventId || last;
      for (const subject of CHANGED[event.type.split('.')[0] ?? ''] ?? []) changed.add(subject);
      gathering ??= setTimeout(readAnew, GATHER_MS);
    };
    const open = () => {
      const from = last === undefined ? '' : `?after=${encodeURIComponent(last)}`;
      source = new EventSource(addressOf(`/v1/events/stream${from}`));
      for (const type of Object.keys(eventTypeWords)) source.addEventListener(type, note);
      source.onmessage = note;
      source.onopen = () => setConnection('live');
      source.onerror = () => {
        setConnection('lost');
        // The browser connects again by itself, but not after an answer that was no stream.
        if (source?.readyState !== EventSource.CLOSED) return;
        void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
        clearTimeout(again);
        again = setTimeout(open, AGAIN_MS);
      };
    };
    open();
    return () => {
      source?.close();
      clearTimeout(again);
      clearTimeout(gathering);
    };
  }, [queries]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}
