import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview } from '@app/client';
import { waitingForWords, type Words } from '@app/words';
import { useFormats, useText } from '../language/language.js';
import { QuotaMoment } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { overviewTexts } from './texts.js';

/** What waits, runs, is done and is left, each leading to its list. */
export function Figures({ deletions: { open, today }, quota }: Pick<Overview, 'deletions' | 'quota'>) {
  const t = useText();
  return (
    <ul className="tiles">
      <Tile name={t(overviewTexts.running)} value={open.running} state="running" />
      <Tile name={t(overviewTexts.queued)} value={open.queued} state="queued" />
      <Tile name={t(overviewTexts.waiting)} value={open.waiting} state="waiting" />
      {open.scheduled > 0 && <Tile name={t(overviewTexts.scheduled)} value={open.scheduled} state="scheduled" />}
      <Tile name={t(overviewTexts.succeededToday)} value={today.succeeded} state="succeeded" since={today.since} />
      <Tile
        name={t(overviewTexts.failedToday)}
        value={today.failed}
        state="failed"
        since={today.since}
        isBad={today.failed > 0}
      />
      <li className="tile">
        <Figure name={t(overviewTexts.quotaLeft)} value={quota.left} />
        <p className="soft">
          {t(overviewTexts.ofAccounts, { count: quota.accounts })} · {t(overviewTexts.resets)}{' '}
          <QuotaMoment at={quota.resets_at} />
        </p>
      </li>
    </ul>
  );
}

function Tile({
  name,
  value,
  state,
  since,
  isBad = false,
}: {
  name: string;
  value: number;
  state: string;
  /** Those that ended from then on. */
  since?: string;
  isBad?: boolean;
}) {
  return (
    <li>
      <Link to="/deletions" search={{ state, finished_after: since }} className={isBad ? 'tile is-bad' : 'tile'}>
        <Figure name={name} value={value} />
      </Link>
    </li>
  );
}

function Figure({ name, value }: { name: ReactNode; value: number }) {
  const formats = useFormats();
  return (
    <>
      <span className="tile-name">{name}</span> <b className="tile-value">{formats.number(value)}</b>
    </>
  );
}

export function WhyWaiting({ waitingFor }: { waitingFor: Overview['deletions']['waiting_for'] }) {
  const t = useText();
  const formats = useFormats();
  const reasons = Object.entries(waitingFor).sort(([, a], [, b]) => b - a);
  if (reasons.length === 0) return null;
  const words: Readonly<Record<string, Words>> = waitingForWords;
  return (
    <Section
      title={t(overviewTexts.whyWaiting)}
      actions={
        <Link to="/deletions" search={{ state: 'waiting' }}>
          {t(overviewTexts.allWaiting)}
        </Link>
      }
    >
      <dl className="counts">
        {reasons.map(([reason, count]) => (
          <div key={reason}>
            <dt>
              <Link to="/deletions" search={{ waiting_for: reason }}>
                {words[reason] ? t(words[reason]) : reason}
              </Link>
            </dt>
            <dd>{formats.number(count)}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
