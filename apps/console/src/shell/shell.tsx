import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { useContext, useState } from 'react';
import { roleWords, type Words } from '@app/words';
import { retract } from '../api/retract.js';
import { isSignedOut } from '../api/queries.js';
import { hasRole, sessionQuery } from '../api/session.js';
import { useText } from '../language/language.js';
import { LanguageSwitch } from '../language/language-switch.js';
import { useConnection } from '../live/live.js';
import { LinkFault } from '../sign-in/sign-in.js';
import { signInTexts } from '../sign-in/texts.js';
import { Button } from '../ui/button.js';
import { BrokenPage, Fault, FaultBoundary } from '../ui/fault.js';
import { uiTexts } from '../ui/texts.js';
import { shellTexts } from './texts.js';

interface Entry {
  to: string;
  words: Words;
}

const MAIN: readonly Entry[] = [
  { to: '/', words: shellTexts.overview },
  { to: '/takedowns', words: shellTexts.takedowns },
  { to: '/deletions', words: shellTexts.deletions },
  { to: '/merchants', words: shellTexts.merchants },
  { to: '/onboard', words: shellTexts.onboard },
  { to: '/messages', words: shellTexts.messages },
];
const SETTINGS: readonly Entry[] = [
  { to: '/settings/platforms', words: shellTexts.platforms },
  { to: '/settings/keys', words: shellTexts.keys },
  { to: '/settings/webhooks', words: shellTexts.webhooks },
  { to: '/settings/audit', words: shellTexts.audit },
];

/** What is around every page: where to go, the main job, who is signed in, and whether the page is live. */
export function Shell() {
  const t = useText();
  const { pathname } = useLocation();
  // Open for one page: on another one it is closed again.
  const [openAt, setOpenAt] = useState<string>();
  const isOpen = openAt === pathname;
  return (
    <div className={isOpen ? 'shell is-open' : 'shell'}>
      <a
        className="skip"
        href="#content"
        onClick={(event) => {
          // An address is meant from the page's <base>: it would lead to the overview.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {t(shellTexts.toContent)}
      </a>
      <header className="top">
        <button
          type="button"
          className="menu-button"
          aria-expanded={isOpen}
          aria-controls="nav"
          onClick={() => setOpenAt(isOpen ? undefined : pathname)}
        >
          ☰ <span className="unseen">{t(shellTexts.menu)}</span>
        </button>
        <Link to="/" className="brand">
          Retract
        </Link>
        <Live />
        <TakeDown />
      </header>
      <nav id="nav" className="nav" aria-label={t(shellTexts.pages)}>
        <Entries entries={MAIN} />
        <p className="nav-title">{t(shellTexts.settings)}</p>
        <Entries entries={SETTINGS} />
        <Entries entries={[{ to: '/help', words: shellTexts.help }]} />
        <Account />
      </nav>
      <main id="content" tabIndex={-1}>
        <LostNote />
        <LinkNote />
        <FaultBoundary key={pathname} fallback={(error) => <BrokenPage error={error} />}>
          <Outlet />
        </FaultBoundary>
      </main>
    </div>
  );
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  const t = useText();
  return (
    <ul>
      {entries.map(({ to, words }) => (
        <li key={to}>
          <Link to={to} activeOptions={{ exact: to === '/' }} activeProps={{ 'aria-current': 'page' }}>
            {t(words)}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** The main job; or, for those who only look, who may do it. */
function TakeDown() {
  const t = useText();
  const { data } = useQuery(sessionQuery);
  if (!hasRole(data, 'operator'))
    return <span className="take-down-needs soft">{t(shellTexts.operatorsTakeDown)}</span>;
  return (
    <Link to="/take-down" className="take-down">
      {t(shellTexts.takeDown)}
    </Link>
  );
}

function Live() {
  const t = useText();
  const connection = useConnection();
  return (
    <span className={`live is-${connection}`} role="status">
      <span className="dot" aria-hidden="true" />
      {connection !== 'lost' && t(shellTexts[connection])}
    </span>
  );
}

function LostNote() {
  const t = useText();
  const isLost = useConnection() === 'lost';
  return <div role="alert">{isLost && <Alert theme="warning" message={t(shellTexts.lost)} />}</div>;
}

/** A link may be another key's: those who stay who they were are told so. */
function LinkNote() {
  const t = useText();
  const error = useContext(LinkFault);
  const { data } = useQuery(sessionQuery);
  const [isSeen, setSeen] = useState(false);
  if (!error || !data || isSeen) return null;
  const said = t(signInTexts.linkUseless, { name: data.api_key.name });
  return (
    <div role="alert">
      {isSignedOut(error) ? <Alert theme="warning" message={said} /> : <Fault error={error} />}
      <button type="button" className="link" onClick={() => setSeen(true)}>
        {t(uiTexts.close)}
      </button>
    </div>
  );
}

function Account() {
  const t = useText();
  const { data } = useQuery(sessionQuery);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => retract.session.signOut(),
    onSuccess: () => {
      sessionStorage.clear();
      location.assign(document.baseURI);
    },
  });
  if (!data) return null;
  const role = roleWords[data.api_key.role as keyof typeof roleWords];
  return (
    <div className="account">
      <p>
        <b>{data.api_key.name}</b>
        <span className="soft">{t(role)}</span>
      </p>
      <Button size="small" variant="outline" loading={isPending} onClick={() => mutate()}>
        {t(shellTexts.signOut)}
      </Button>
      {error && <Fault error={error} />}
      <LanguageSwitch />
    </div>
  );
}

export function NotFound() {
  const t = useText();
  return (
    <>
      <h1>{t(shellTexts.notFound)}</h1>
      <Link to="/">{t(shellTexts.toOverview)}</Link>
    </>
  );
}
