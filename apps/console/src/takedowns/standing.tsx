import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Takedown } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { useNow } from '../ui/now.js';
import { progressOf } from './progress.js';
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
  const canStop = mayStop && takedown.finished_at === null && state !== 'cancelled';
  return (
    <section className={`section standing is-${state}`}>
      <div className="standing-line">
        <p className="standing-words" role="status">
          <Words takedown={takedown} />
        </p>
        {canStop && isUndo && (
          <Button theme="danger" size="large" loading={isPending} onClick={() => mutate()}>
            {t(takedownTexts.undo)}
          </Button>
        )}
        {canStop && !isUndo && !isAsked && (
          <Button theme="danger" variant="outline" onClick={() => ask(true)}>
            {t(takedownTexts.abort)}
          </Button>
        )}
      </div>
      {canStop && isAsked && !isUndo && (
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
  takedown: { counts },
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
  if (!counts) return null;
  const { open, succeeded, running } = progressOf(counts);
  return (
    <div role="alertdialog" aria-label={t(takedownTexts.abortTitle)} aria-describedby="abort-lead" className="question">
      <p id="abort-lead">{t(takedownTexts.abortLead, { open, done: succeeded, running })}</p>
      <div className="downloads">
        <Button theme="danger" loading={isBusy} onClick={onAbort}>
          {t(takedownTexts.abort)}
        </Button>
        <Button variant="outline" onClick={onClose}>
          {t(takedownTexts.close)}
        </Button>
      </div>
    </div>
  );
}

function Words({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  const { state, undo_until, cancel_code, counts } = takedown;
  if (state === 'receiving') return t(takedownTexts.isReceiving);
  if (state === 'pending') {
    const left = formats.duration(Math.max(0, Date.parse(undo_until ?? '') - now));
    return t(takedownTexts.isPending, { left });
  }
  if (state === 'cancelled' && cancel_code === 'upload_broken_off') return t(takedownTexts.isBrokenOff);
  if (!counts) return null;
  const { ended, all, succeeded, failed, cancelled, isWaiting } = progressOf(counts);
  if (state === 'running') return t(isWaiting ? takedownTexts.allWait : takedownTexts.isRunning, { done: ended, all });
  if (state === 'cancelled')
    return succeeded === 0
      ? t(takedownTexts.isUndone)
      : t(takedownTexts.isCancelled, { done: succeeded, stopped: cancelled });
  return succeeded === all
    ? t(takedownTexts.isFinished, { count: all })
    : t(takedownTexts.isFinishedPartly, { done: succeeded, all, failed: failed + cancelled });
}
