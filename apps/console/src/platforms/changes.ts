import { useMutation, useQuery } from '@tanstack/react-query';
import type { UpdatePlatform } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { hasRole, isLimited, sessionQuery } from '../api/session.js';

/** Whether the one who is signed in may change what concerns all merchants of a platform. */
export function useMayChange(): boolean {
  const session = useQuery(sessionQuery).data;
  return session !== undefined && hasRole(session, 'admin') && !isLimited(session);
}

/** Changes what is given. */
export const useUpdate = (appid: string, onSuccess: () => void) =>
  useMutation({
    mutationFn: (body: UpdatePlatform) => retract.platforms.update(appid, body),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['platforms'] });
      onSuccess();
    },
  });
