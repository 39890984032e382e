import { Link } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import { roleNameWords } from '@app/words';
import { useText } from '../language/language.js';

/** The head of a page: its name, in the window's title as well, and what can be done here. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Retract`;
  }, [title]);
  return (
    <header className="page-head">
      <h1>{title}</h1>
      <div className="page-actions">{children}</div>
    </header>
  );
}

/** The views of a page, each at an address of its own: `?view=…`. The first is that without. */
export function Views({ label, current, views }: { label: string; current: string; views: readonly View[] }) {
  return (
    <nav className="views" aria-label={label}>
      {views.map(([name, words], i) => (
        <Link
          key={name}
          to="."
          search={i === 0 ? {} : { view: name }}
          // By itself a link is current for whatever stands behind the ?.
          activeOptions={{ exact: true }}
          aria-current={name === current ? 'page' : undefined}
        >
          {words}
        </Link>
      ))}
    </nav>
  );
}

type View = readonly [name: string, words: string];

/** A part of a page under a heading of its own. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** Names and values, side by side where there is room. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What somebody may not do is said, with who may. */
export function NeedsRole({ role, what }: { role: keyof typeof roleNameWords; what?: string }) {
  const t = useText();
  const name = t(roleNameWords[role]);
  return <p className="soft">{what === undefined ? t(needsRole, { role: name }) : t(isFor, { what, role: name })}</p>;
}

const needsRole = {
  zh: '这需要“{role}”角色的密钥。',
  en: 'This needs a key with the role {role}.',
} as const;

/** Said beside what can be done. */
const isFor = {
  zh: '{what}需要“{role}”角色的密钥。',
  en: '{what} takes a key with the role {role}.',
} as const;
