import { useMutation } from '@tanstack/react-query';
import { Alert, Input } from 'tdesign-react';
import { useEffect, useState } from 'react';
import type { SignIn } from '@app/client';
import { forgetAll, isSignedOut, queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { sessionQuery } from '../api/session.js';
import { useText } from '../language/language.js';
import { LanguageSwitch } from '../language/language-switch.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { signInTexts } from './texts.js';

/** What a sign-in link has behind its #: no server and no log sees it there. It works once. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

/** Of the link that opened this page; gone when it was tried. */
const linkToken = { current: takeToken() };

/** Shown in place of any page while there is no session; the page asked for comes up when there is one. */
export function SignInPage() {
  const t = useText();
  const [key, setKey] = useState('');
  const { mutate, isPending, error, variables } = useMutation({
    mutationKey: sessionQuery.queryKey,
    mutationFn: (body: SignIn) => retract.session.signIn(body),
    onSuccess: (session) => {
      forgetAll();
      queries.setQueryData(sessionQuery.queryKey, session);
    },
  });
  useEffect(() => {
    if (linkToken.current === undefined) return;
    mutate({ sign_in_token: linkToken.current });
    linkToken.current = undefined;
  }, [mutate]);
  useEffect(() => {
    document.title = `${t(signInTexts.title)} · Retract`;
  }, [t]);
  const wrong = variables?.sign_in_token === undefined ? signInTexts.wrongKey : signInTexts.linkUsed;
  return (
    <main className="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate({ api_key: key.trim() });
        }}
      >
        <h1>Retract</h1>
        <p>{t(signInTexts.lead)}</p>
        <div role="alert">
          {error && (isSignedOut(error) ? <Alert theme="error" message={t(wrong)} /> : <Fault error={error} />)}
        </div>
        <label>
          {t(signInTexts.key)}
          <Input type="password" value={key} onChange={setKey} autofocus autocomplete="off" placeholder="rk_…" />
        </label>
        <p className="soft">{t(signInTexts.keyHint)}</p>
        <Button type="submit" block loading={isPending} disabled={key.trim() === ''}>
          {t(signInTexts.signIn)}
        </Button>
      </form>
      <LanguageSwitch />
    </main>
  );
}
