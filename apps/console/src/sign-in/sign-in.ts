import { useMutation } from '@tanstack/react-query';
import { createContext, useEffect } from 'react';
import type { SignIn } from '@app/client';
import { forgetAll, queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { ofThisTab, sessionQuery } from '../api/session.js';

export const useSignIn = () =>
  useMutation({
    mutationKey: sessionQuery.queryKey,
    mutationFn: (body: SignIn) => retract.session.signIn(body),
    onSuccess: (session) => {
      forgetAll();
      queries.setQueryData(sessionQuery.queryKey, ofThisTab(session));
    },
  });

/** What a sign-in link has behind its #: no server and no log sees it there. It works once. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

/** Why the link that opened this page has not signed in, for those who were signed in before. */
export const LinkFault = createContext<Error | null>(null);

/** Of the link that opened this page. */
const token = takeToken();
let isTried = token === undefined;

/** Signs in with the link that opened this page: before the session that there may be, which may be another key's. */
export function useSignInLink(): { isUnderWay: boolean; error: Error | null } {
  const { mutate, isIdle, isPending, error } = useSignIn();
  useEffect(() => {
    if (isTried || token === undefined) return;
    isTried = true;
    mutate({ sign_in_token: token });
  }, [mutate]);
  return { isUnderWay: token !== undefined && (isIdle || isPending), error };
}
