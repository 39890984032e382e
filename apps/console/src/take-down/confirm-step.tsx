import { useNavigate, Link } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { useState } from 'react';
import { RetractConnectionError, RetractError, type TakedownDryRun } from '@app/client';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { isTyped, TypedNumber } from '../ui/fields/confirm.js';
import { Fault } from '../ui/fault.js';
import { Loading } from '../ui/loaded.js';
import { QuotaMoment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { Facts, Section } from '../ui/page.js';
import { ask, tryOut, type Content } from './content.js';
import { changeDraft, dropDraft, type Draft } from './draft.js';
import { Days } from './dry-run-step.js';
import { changesOf, howOf, undoSecondsOf } from './how.js';
import { StepEnd } from './step-end.js';
import { takeDownTexts } from './texts.js';

/** The last look, with a dry run of this moment. */
export function ConfirmStep({ draft, content }: { draft: Draft; content: Content }) {
  const t = useText();
  const navigate = useNavigate();
  const now = useNow();
  const [typed, setTyped] = useState('');
  const undoSeconds = draft.sentUndoSeconds ?? undoSecondsOf(draft, now);
  const tried = useQuery({
    queryKey: ['takedowns', 'dry-run', 'confirm', content.key, draft.isUrgent, draft.undoSeconds, draft.startAt],
    queryFn: ({ signal }) => tryOut(content, howOf(draft, undoSeconds ?? 0), signal),
    staleTime: 'static',
    // It is of the moment at which this step was reached.
    gcTime: 0,
  });
  const { mutate, isPending, error } = useMutation({
    mutationFn: (seconds: number) => ask(content, howOf(draft, seconds), draft.idempotencyKey),
    onSuccess: ({ id }) => {
      dropDraft();
      return navigate({ to: '/takedowns/$id', params: { id }, replace: true });
    },
  });
  const { data } = tried;
  const isReady =
    data !== undefined && data.deletions > 0 && undoSeconds !== undefined && isTyped(typed, data.deletions);
  const send = () => {
    if (!isReady || isPending) return;
    // Another try has to ask for the same.
    if (draft.startAt !== '') changeDraft({ sentUndoSeconds: undoSeconds });
    mutate(undoSeconds);
  };
  return (
    <form
      className="step-body"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {tried.error && <Fault error={tried.error} onRetry={() => void tried.refetch()} />}
      <Section title={t(takeDownTexts.summary)}>
        {!data && !tried.error && <Loading />}
        {data && (
          <>
            {draft.seen && <Changes before={draft.seen} now={data} />}
            <Summary draft={draft} outcome={data} />
            {data.deletions > 0 && (
              <>
                <p className="for-good">{t(takeDownTexts.forGood)}</p>
                <TypedNumber count={data.deletions} typed={typed} onType={setTyped} />
              </>
            )}
          </>
        )}
      </Section>
      {error && <NotSent error={error} />}
      <StepEnd back="how" hint={undoSeconds === undefined && t(takeDownTexts.startWrong)}>
        <Button type="submit" theme="danger" size="large" loading={isPending} disabled={!isReady || isPending}>
          {t(takeDownTexts.takeDown)}
        </Button>
      </StepEnd>
    </form>
  );
}

function Changes({ before, now }: { before: Parameters<typeof changesOf>[0]; now: TakedownDryRun }) {
  const t = useText();
  const formats = useFormats();
  const changes = changesOf(before, now);
  if (changes.length === 0) return null;
  const words = {
    deletions: takeDownTexts.deletions,
    merchants: takeDownTexts.ofAccounts,
    whole_messages: takeDownTexts.whole,
    already_open: takeDownTexts.alreadyOpen,
    already_deleted: takeDownTexts.alreadyGone,
    rejected: takeDownTexts.refused,
  };
  return (
    <div role="alert">
      <Alert
        theme="warning"
        title={t(takeDownTexts.changed)}
        message={
          <ul>
            {changes.map(({ what, before, now }) => (
              <li key={what}>
                {t(takeDownTexts.changedRow, {
                  what: t(words[what]),
                  before: formats.number(before),
                  now: formats.number(now),
                })}
              </li>
            ))}
          </ul>
        }
      />
    </div>
  );
}

function Summary({ draft, outcome }: { draft: Draft; outcome: TakedownDryRun }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  const { deletions, merchants, whole_messages, days_of_quota, eta } = outcome;
  const begins =
    draft.startAt !== ''
      ? t(takeDownTexts.beginsAt, { time: formats.exactMoment(draft.startAt) })
      : draft.undoSeconds === 0
        ? t(takeDownTexts.beginsNow)
        : t(takeDownTexts.beginsAfter, { time: formats.duration(draft.undoSeconds * 1_000) });
  return (
    <Facts
      facts={[
        [t(takeDownTexts.deletions), <b key="d">{formats.number(deletions)}</b>],
        [t(takeDownTexts.ofAccounts), formats.number(merchants)],
        ...(whole_messages > 0 ? [[t(takeDownTexts.whole), formats.number(whole_messages)] as const] : []),
        [t(takeDownTexts.reason), draft.reason.trim() || t(takeDownTexts.noReason)],
        ...(draft.isUrgent ? [[t(takeDownTexts.urgent), '✓'] as const] : []),
        [t(takeDownTexts.begins), begins],
        [t(takeDownTexts.days), <Days key="days" days={days_of_quota} />],
        [t(takeDownTexts.lastAt), eta && Date.parse(eta) > now ? <QuotaMoment at={eta} /> : null],
      ]}
    />
  );
}

function NotSent({ error }: { error: unknown }) {
  const t = useText();
  const words =
    error instanceof RetractConnectionError
      ? takeDownTexts.triedBefore
      : error instanceof RetractError && error.is('idempotency_key_reused')
        ? takeDownTexts.wasSent
        : undefined;
  return (
    <>
      <Fault error={error} />
      {words && (
        <p>
          {t(words)} <Link to="/takedowns">{t(takeDownTexts.toTakedowns)}</Link>
        </p>
      )}
    </>
  );
}
