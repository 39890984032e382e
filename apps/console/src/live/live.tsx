import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, type ReactNode } from 'react';
import type { Subject } from '../api/queries.js';
import { addressOf } from '../api/retract.js';
import { sessionQuery } from '../api/session.js';
import { changedBy, liveSubjects, readAnew } from './read-anew.js';
import { followTypes } from './stream.js';

/** `lost`: what is shown may be old; it is caught up with when the connection is back. */
export type Connection = 'connecting' | 'live' | 'lost';

const ConnectionContext = createContext<Connection>('connecting');

export const useConnection = (): Connection => use(ConnectionContext);

/** Events come in crowds: a takedown ends hundreds of deletions a second. */
const GATHER_MS = 1_000;

/** Follows the events, and has read anew what they changed. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>('connecting');
  useEffect(() => {
    const changed = new Set<Subject>();
    let late: ReadonlySet<string> = new Set();
    let gathering: ReturnType<typeof setTimeout> | undefined;
    let hasMissed = false;
    let stop: (() => void) | undefined;

    const read = () => {
      const subjects = new Set(changed);
      changed.clear();
      late = readAnew(queries, ({ queryKey, queryHash }) => subjects.has(queryKey[0]) || late.has(queryHash));
      gathering = late.size > 0 ? setTimeout(read, GATHER_MS) : undefined;
    };
    const note = (subjects: Iterable<Subject>) => {
      for (const subject of subjects) changed.add(subject);
      if (changed.size > 0) gathering ??= setTimeout(read, GATHER_MS);
    };
    const follow = () =>
      followTypes(addressOf('/v1/events/stream'), {
        onOpen: () => {
          setConnection('live');
          if (hasMissed) note(liveSubjects);
          hasMissed = false;
        },
        onTypes: (types) => note(types.flatMap(changedBy)),
        onLost: (isRefused) => {
          setConnection('lost');
          hasMissed = true;
          if (isRefused) void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
        },
      });
    // A browser opens six connections to a place without HTTP/2: six tabs that nobody looks at would leave none.
    const look = () => {
      if (!document.hidden) {
        stop ??= follow();
        return;
      }
      stop?.();
      stop = undefined;
      hasMissed = true;
      setConnection('connecting');
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      stop?.();
      clearTimeout(gathering);
    };
  }, [queries]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}
