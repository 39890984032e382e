import { Link } from '@tanstack/react-router';
import { Tag } from 'tdesign-react';
import type { Deletion } from '@app/client';
import { holdReasonWords, ineligibleReasonWords, outcomeWords, waitingForWords, type Words } from '@app/words';
import { useText } from '../language/language.js';
import { Ago, Moment, QuotaMoment } from '../ui/moment.js';
import { DeletionState, Errcode } from '../ui/states.js';
import { targetName, targetNumbers } from './deletion-target.js';
import { deletionTexts as texts } from './texts.js';

export function TargetCell({ deletion }: { deletion: Deletion }) {
  const t = useText();
  return (
    <>
      <Link to="/deletions/$id" params={{ id: deletion.id }}>
        {targetName(deletion, t)}
      </Link>{' '}
      {deletion.priority === 'urgent' && (
        <Tag size="small" theme="warning" variant="light-outline">
          {t(texts.urgent)}
        </Tag>
      )}
      <span className="cell-note soft">{targetNumbers(deletion, t)}</span>
    </>
  );
}

/** The state with what it means: what it waits for, or how it ended. */
export function StateCell({ deletion }: { deletion: Deletion }) {
  const { state, outcome } = deletion;
  return (
    <>
      <DeletionState state={state} />
      <span className="cell-note">
        <Wait deletion={deletion} />
        {outcome && state === 'failed' && <OutcomeWords outcome={{ ...outcome, rid: null }} />}
      </span>
    </>
  );
}

/** What an open deletion waits for, and until when. */
export function Wait({ deletion: { waiting_for, waiting_until, state, not_before } }: { deletion: Deletion }) {
  const t = useText();
  if (waiting_for !== null)
    return (
      <>
        {t(waitingForWords[waiting_for])}{' '}
        {waiting_until !== null && (
          <>
            {t(texts.waitsUntil)}{' '}
            {waiting_for === 'daily_quota' ? <QuotaMoment at={waiting_until} /> : <Moment at={waiting_until} />}
          </>
        )}
      </>
    );
  if (state === 'scheduled' && not_before !== null)
    return (
      <>
        {t(texts.scheduledFor)} <Moment at={not_before} />
      </>
    );
  return null;
}

const OUTCOMES: Readonly<Record<string, Words>> = { ...outcomeWords, ...ineligibleReasonWords, ...holdReasonWords };

/** How it ended: in words, and small in WeChat's. */
export function OutcomeWords({ outcome }: { outcome: NonNullable<Deletion['outcome']> }) {
  const t = useText();
  const words = OUTCOMES[outcome.code];
  return (
    <>
      {words ? t(words) : outcome.code}
      {outcome.errcode !== null && outcome.errcode !== 0 && (
        <>
          {' · '}
          <Errcode errcode={outcome.errcode} rid={outcome.rid} />
        </>
      )}
    </>
  );
}

export function AskedCell({ deletion: { created_at, requested_by } }: { deletion: Deletion }) {
  const t = useText();
  return (
    <>
      <Ago at={created_at} />
      {requested_by?.name && <span className="cell-note soft">{t(texts.by, { name: requested_by.name })}</span>}
    </>
  );
}
