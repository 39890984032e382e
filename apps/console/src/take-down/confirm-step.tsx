import { useNavigate, Link } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { useEffect, useRef, useState } from 'react';
import { RetractConnectionError, RetractError, type TakedownDryRun } from '@app/client';
import { isNumber } from '../api/entered.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { TypedNumber } from '../ui/fields/confirm.js';
import { Fault } from '../ui/fault.js';
import { Loading } from '../ui/loaded.js';
import { QuotaMoment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { Facts, Section } from '../ui/page.js';
import { ask, tryOut, type Content } from './content.js';
import type { Draft } from './draft/draft.js';
import { changeDraft, dropDraft } from './draft/kept.js';
import { Days, WorkedOut } from './dry-run-step.js';
import { changesOf, howOf, isOld, lacksAgreement, undoSecondsOf } from './how.js';
import { WholeMessages } from './named-items.js';
import { StepEnd } from './step-end.js';
import { takeDownTexts } from './texts.js';

/** The last look, with a dry run of this moment. */
export function ConfirmStep({ draft, content }: { draft: Draft; content: Content }) {
  const t = useText();
  const navigate = useNavigate();
  const now = useNow();
  const [typed, setTyped] = useState('');
  const [agreedTo, agreeTo] = useState(0);
  const undoSecondsAt = (at: number) => draft.sentUndoSeconds ?? undoSecondsOf(draft, at);
  const undoSeconds = undoSecondsAt(now);
  const tried = useQuery({
    queryKey: ['takedowns', 'dry-run', 'confirm', content.key, draft.isUrgent, draft.undoSeconds, draft.startAt],
    queryFn: ({ signal }) => tryOut(content, howOf(draft, undoSeconds ?? 0), signal),
    staleTime: 'static',
    // It is of the moment at which this step was reached.
    gcTime: 0,
  });
  const { data, dataUpdatedAt, isFetching } = tried;
  const { mutate, isPending, error } = useMutation({
    mutationFn: (seconds: number) => ask(content, howOf(draft, seconds), draft.idempotencyKey),
    onSuccess: ({ id }) => {
      dropDraft();
      return navigate({ to: '/takedowns/$id', params: { id }, replace: true });
    },
    onError: (failure) => {
      if (!mayHaveArrived(failure)) changeDraft({ sentUndoSeconds: undefined });
    },
  });
  // What was agreed to is of these numbers: where they are others now, they are looked at and typed anew.
  const lookAnew = async (): Promise<boolean> => {
    const latest = await tried.refetch();
    const isSame = !latest.isError && data && latest.data && changesOf(data, latest.data).length === 0;
    if (!isSame) setTyped('');
    return Boolean(isSame);
  };
  const needsTick = data !== undefined && lacksAgreement(data, draft.seen, 0);
  const isReady =
    data !== undefined &&
    data.deletions > 0 &&
    undoSeconds !== undefined &&
    !lacksAgreement(data, draft.seen, agreedTo) &&
    isNumber(typed, data.deletions);
  const isHere = useIsHere();
  const send = async () => {
    if (!isReady || isPending || isFetching) return;
    // Whoever went elsewhere meanwhile has not confirmed it.
    if (isOld(dataUpdatedAt, Date.now()) && !((await lookAnew()) && isHere.current)) return;
    const seconds = undoSecondsAt(Date.now());
    if (seconds === undefined) return;
    // Another try has to ask for the same.
    if (draft.startAt !== undefined) changeDraft({ sentUndoSeconds: seconds });
    mutate(seconds);
  };
  return (
    <form
      className="step-body"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {tried.error && <Fault error={tried.error} onRetry={() => void lookAnew()} />}
      <Section
        title={t(takeDownTexts.summary)}
        actions={data && !isFetching && <WorkedOut at={dataUpdatedAt} again={() => void lookAnew()} />}
      >
        {!data && !tried.error && <Loading />}
        {data && (
          <>
            {draft.seen && <Changes before={draft.seen} now={data} />}
            <Summary draft={draft} outcome={data} />
          </>
        )}
      </Section>
      {data && needsTick && (
        <WholeMessages
          content={content}
          outcome={data}
          isAgreed={data.whole_messages <= agreedTo}
          onAgree={(isAgreed) => agreeTo(isAgreed ? data.whole_messages : 0)}
        />
      )}
      {data && data.deletions > 0 && (
        <div className="section">
          <p className="for-good">{t(takeDownTexts.forGood)}</p>
          <TypedNumber count={data.deletions} typed={typed} onType={setTyped} />
        </div>
      )}
      {error && <NotSent error={error} />}
      <StepEnd back="how" hint={undoSeconds === undefined && t(takeDownTexts.startWrong)}>
        <Button
          type="submit"
          theme="danger"
          size="large"
          loading={isPending || (isFetching && data !== undefined)}
          disabled={!isReady || isPending || isFetching}
        >
          {t(takeDownTexts.takeDown)}
        </Button>
      </StepEnd>
    </form>
  );
}

/** Whether the step is still in sight, for what comes to its end later. */
function useIsHere() {
  const isHere = useRef(false);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);
  return isHere;
}

/** Whether the service may have accepted it although no word of that came back. */
const mayHaveArrived = (failure: unknown): boolean =>
  failure instanceof RetractConnectionError || (failure instanceof RetractError && failure.status >= 500);

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
  const startAt = draft.sentUndoSeconds === undefined ? draft.startAt : inSeconds(draft.sentUndoSeconds, now);
  const begins =
    startAt !== undefined
      ? t(takeDownTexts.beginsAt, { time: formats.exactMoment(startAt) })
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

/** What was sent once is sent again as it was, and then counts from now. */
const inSeconds = (seconds: number, now: number) => new Date(now + seconds * 1_000).toISOString();

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
