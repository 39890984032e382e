import { Tag } from 'tdesign-react';
import type { Deletion, Takedown } from '@app/client';
import { deletionStateWords, errcodeWords, merchantStateWords, takedownStateWords } from '@app/words';
import { useText } from '../language/language.js';

type Theme = 'default' | 'primary' | 'success' | 'warning' | 'danger';

const DELETION: Record<Deletion['state'], Theme> = {
  scheduled: 'default',
  queued: 'default',
  running: 'primary',
  waiting: 'warning',
  succeeded: 'success',
  failed: 'danger',
  cancelled: 'default',
};

const TAKEDOWN: Record<Takedown['state'], Theme> = {
  receiving: 'default',
  pending: 'warning',
  running: 'primary',
  finished: 'success',
  cancelled: 'default',
};

export function DeletionState({ state }: { state: Deletion['state'] }) {
  const t = useText();
  return (
    <Tag theme={DELETION[state]} variant="light-outline">
      {t(deletionStateWords[state])}
    </Tag>
  );
}

export function TakedownState({ state }: { state: Takedown['state'] }) {
  const t = useText();
  return (
    <Tag theme={TAKEDOWN[state]} variant="light-outline">
      {t(takedownStateWords[state])}
    </Tag>
  );
}

export function MerchantState({ state }: { state: keyof typeof merchantStateWords }) {
  const t = useText();
  return (
    <Tag theme={state === 'authorized' ? 'success' : 'danger'} variant="light-outline">
      {t(merchantStateWords[state])}
    </Tag>
  );
}

/** WeChat's answer: in words first, then small its code and its request's id. */
export function Errcode({ errcode, rid }: { errcode: number | null; rid?: string | null }) {
  const t = useText();
  if (errcode === null) return null;
  const words = errcodeWords[errcode];
  return (
    <>
      {words && t(words)}{' '}
      <span className="soft code">{[errcode, rid && `rid ${rid}`].filter(Boolean).join(' · ')}</span>
    </>
  );
}

/** How many deletions are in which state, as one bar; the numbers stand below it. */
export function StatesBar({ counts }: { counts: NonNullable<Takedown['counts']> }) {
  const t = useText();
  const shown = STATES.filter((state) => counts[state] > 0);
  const said = shown.map((state) => `${t(deletionStateWords[state])} ${counts[state]}`).join(', ');
  return (
    <div className="states">
      <div className="states-bar" role="img" aria-label={said}>
        {shown.map((state) => (
          <span key={state} className={`state-${state}`} style={{ flexGrow: counts[state] }} />
        ))}
      </div>
      <ul className="states-list">
        {shown.map((state) => (
          <li key={state}>
            <span className={`dot state-${state}`} aria-hidden="true" />
            {t(deletionStateWords[state])} <b>{counts[state].toLocaleString()}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

const STATES = ['succeeded', 'running', 'queued', 'waiting', 'scheduled', 'failed', 'cancelled'] as const;
