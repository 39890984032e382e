import { Alert, Input } from 'tdesign-react';
import { useEffect, useState } from 'react';
import { isSignedOut } from '../api/queries.js';
import { useText } from '../language/language.js';
import { LanguageSwitch } from '../language/language-switch.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { useSignIn } from './sign-in.js';
import { signInTexts } from './texts.js';

/** Shown in place of any page while there is no session; the page asked for comes up when there is one. */
export function SignInPage({ linkError }: { linkError: Error | null }) {
  const t = useText();
  const [key, setKey] = useState('');
  const { mutate, isIdle, isPending, error: keyError } = useSignIn();
  const [error, wrong] = isIdle ? [linkError, signInTexts.linkUsed] : [keyError, signInTexts.wrongKey];
  useEffect(() => {
    document.title = `${t(signInTexts.title)} · Retract`;
  }, [t]);
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
