import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Takedown } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { FormDialog } from '../ui/form-dialog.js';
import { useNow } from '../ui/now.js';
import { NeedsRole } from '../ui/page.js';
import { ofOthers, progressOf, standingOf } from './progress.js';
import { takedownTexts } from './texts.js';

/** How it stands, in a sentence, and what can still be done about it. */
export function Standing({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const mayStop = useMay('operator');
  const [isAsked, ask] = useState(false);
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: () => retract.takedowns.cancel(takedown.id),
    onSettled: () => {
      ask(false);
      void queries.invalidateQueries({ queryKey: ['takedowns'] });
    },
  });
  const { state } = takedown;
  const isUndo = state === 'pending' || state === 'receiving';
  const canStop = takedown.finished_at === null && state !== 'cancelled';
  return (
    <section className={`section standing is-${state}`}>
      <div className="standing-line">
        <p className="standing-words" role="status">
          <Words takedown={takedown} /> {state !== 'finished' && <OfOthers takedown={takedown} />}
        </p>
        {mayStop && canStop && isUndo && (
          <Button theme="danger" size="large" loading={isPending} onClick={() => mutate()}>
            {t(takedownTexts.undo)}
          </Button>
        )}
        {mayStop && canStop && !isUndo && (
          <Button theme="danger" variant="outline" onClick={() => ask(true)}>
            {t(takedownTexts.abort)}
          </Button>
        )}
      </div>
      {!mayStop && canStop && (
        <div className="no-print">
          {t(takedownTexts.toStop)} <NeedsRole role="operator" />
        </div>
      )}
      {mayStop && canStop && isAsked && !isUndo && (
        <AbortQuestion takedown={takedown} isBusy={isPending} onAbort={() => mutate()} onClose={() => ask(false)} />
      )}
      {error && <Fault error={error} />}
      {data && (
        <p role="status">{t(takedownTexts.stopped, { cancelled: data.cancelled ?? 0, late: data.too_late ?? 0 })}</p>
      )}
    </section>
  );
}

function AbortQuestion({
  takedown,
  isBusy,
  onAbort,
  onClose,
}: {
  takedown: Takedown;
  isBusy: boolean;
  onAbort: () => void;
  onClose: () => void;
}) {
  const t = useText();
  if (!takedown.counts) return null;
  const { open, succeeded, running } = progressOf(takedown.counts);
  return (
    <FormDialog
      title={t(takedownTexts.abortTitle)}
      action={t(takedownTexts.abort)}
      isDanger
      isBusy={isBusy}
      onSubmit={onAbort}
      onClose={onClose}
    >
      <p>{t(takedownTexts.abortLead, { open, done: succeeded, running })}</p>
      <OfOthers takedown={takedown} />
    </FormDialog>
  );
}

/** What others have asked for as well is not stopped with it. */
function OfOthers({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const count = ofOthers(takedown);
  return count > 0 && <span>{t(takedownTexts.ofOthers, { count })}</span>;
}

function Words({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  const standing = standingOf(takedown);
  switch (standing.is) {
    case 'receiving':
      return t(takedownTexts.isReceiving);
    case 'pending':
      return t(takedownTexts.isPending, {
        left: formats.duration(Math.max(0, Date.parse(standing.untilAt ?? '') - now)),
      });
    case 'broken_off':
      return t(takedownTexts.isBrokenOff);
    case 'untold':
      return null;
    case 'running':
      return t(takedownTexts.isRunning, { done: standing.ended, all: standing.all });
    case 'waiting':
      return t(takedownTexts.allWait, { done: standing.ended, all: standing.all });
    case 'undone':
      return t(takedownTexts.isUndone);
    case 'stopping':
      return t(takedownTexts.isStopping, standing);
    case 'stopped':
      return standing.failed > 0
        ? t(takedownTexts.isCancelledPartly, standing)
        : t(takedownTexts.isCancelled, standing);
    case 'finished':
      return t(takedownTexts.isFinished, { count: standing.all });
    case 'finished_partly':
      return t(takedownTexts.isFinishedPartly, { done: standing.done, all: standing.all, failed: standing.rest });
  }
}
