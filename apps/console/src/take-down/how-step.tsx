import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { useNow } from '../ui/now.js';
import { Section } from '../ui/page.js';
import { changeDraft, type Draft } from './draft.js';
import { localTime, LONGEST_UNDO_SECONDS, undoSecondsOf } from './how.js';
import { StepEnd } from './step-end.js';
import { takeDownTexts } from './texts.js';

const UNDO_SECONDS = [60, 300, 900, 3_600, 0];
const HOUR_MS = 3_600_000;

/** Why, how pressing it is, and when it begins. */
export function HowStep({ draft }: { draft: Draft }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  const isLater = draft.startAt !== '';
  const isWrong = undoSecondsOf(draft, now) === undefined;
  return (
    <>
      <Section title={t(takeDownTexts.how)}>
        <label className="wizard-field">
          {t(takeDownTexts.reason)}
          <textarea
            rows={2}
            maxLength={500}
            value={draft.reason}
            aria-describedby="reason-hint"
            onChange={({ target }) => changeDraft({ reason: target.value })}
          />
        </label>
        <p id="reason-hint" className="soft">
          {t(takeDownTexts.reasonHint)}
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.isUrgent}
            aria-describedby="urgent-hint"
            onChange={({ target }) => changeDraft({ isUrgent: target.checked })}
          />
          <b>{t(takeDownTexts.urgent)}</b>
        </label>
        <p id="urgent-hint" className="soft">
          {t(takeDownTexts.urgentHint)}
        </p>
      </Section>
      <Section title={t(takeDownTexts.when)}>
        <fieldset className="whens">
          <legend className="unseen">{t(takeDownTexts.when)}</legend>
          <label className="check">
            <input
              type="radio"
              name="when"
              checked={!isLater}
              onChange={() => changeDraft({ startAt: '', sentUndoSeconds: undefined })}
            />
            {t(takeDownTexts.undoSoon)}
          </label>
          {!isLater && (
            <label className="wizard-field is-inner">
              {t(takeDownTexts.undoWindow)}
              <select
                value={draft.undoSeconds}
                onChange={({ target }) => changeDraft({ undoSeconds: Number(target.value) })}
              >
                {UNDO_SECONDS.map((seconds) => (
                  <option key={seconds} value={seconds}>
                    {seconds === 0 ? t(takeDownTexts.noUndo) : formats.duration(seconds * 1_000)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <label className="check">
            <input
              type="radio"
              name="when"
              checked={isLater}
              onChange={() => changeDraft({ startAt: localTime(now + HOUR_MS), sentUndoSeconds: undefined })}
            />
            {t(takeDownTexts.undoLater)}
          </label>
          {isLater && (
            <label className="wizard-field is-inner">
              {t(takeDownTexts.startTime)}
              <input
                type="datetime-local"
                value={draft.startAt}
                min={localTime(now)}
                max={localTime(now + LONGEST_UNDO_SECONDS * 1_000)}
                aria-invalid={isWrong}
                onChange={({ target }) =>
                  changeDraft({ startAt: target.value || localTime(now + HOUR_MS), sentUndoSeconds: undefined })
                }
              />
              <span className="soft">{t(takeDownTexts.startHint)}</span>
            </label>
          )}
        </fieldset>
      </Section>
      <StepEnd back="dry-run" hint={isWrong && t(takeDownTexts.startWrong)}>
        <Button disabled={isWrong} onClick={() => changeDraft({ step: 'confirm' })}>
          {t(takeDownTexts.next)}
        </Button>
      </StepEnd>
    </>
  );
}
