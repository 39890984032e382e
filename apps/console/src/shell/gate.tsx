import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { isSignedOut } from '../api/queries.js';
import { sessionQuery } from '../api/session.js';
import { LiveProvider } from '../live/live.js';
import { LinkFault, useSignInLink } from '../sign-in/sign-in.js';
import { SignInPage } from '../sign-in/sign-in-page.js';
import { useSecretShown } from '../ui/copy.js';
import { Fault } from '../ui/fault.js';
import { Loading } from '../ui/loaded.js';

/** Lets those in who have a session; anybody else meets the sign-in page, once no secret is shown any more. */
export function Gate({ children }: { children: ReactNode }) {
  const link = useSignInLink();
  const session = useQuery({ ...sessionQuery, enabled: !link.isUnderWay });
  const isSecretShown = useSecretShown();
  if (link.isUnderWay) return <Loading />;
  if (isSignedOut(session.error) && !isSecretShown) return <SignInPage linkError={link.error} />;
  if (session.data)
    return (
      <LinkFault value={link.error}>
        <LiveProvider key={session.data.id}>{children}</LiveProvider>
      </LinkFault>
    );
  if (session.error)
    return (
      <main className="sign-in">
        <Fault error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  return <Loading />;
}
