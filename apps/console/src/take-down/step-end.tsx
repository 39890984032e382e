import type { ReactNode } from 'react';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { changeDraft, type Step } from './draft.js';
import { takeDownTexts } from './texts.js';

/** The end of a step: back, what keeps from going on, and what goes on. */
export function StepEnd({ back, hint, children }: { back?: Step; hint?: ReactNode; children: ReactNode }) {
  const t = useText();
  return (
    <div className="step-end">
      {back && (
        <Button variant="outline" onClick={() => changeDraft({ step: back })}>
          {t(takeDownTexts.back)}
        </Button>
      )}
      <p className="soft" role="status">
        {hint}
      </p>
      {children}
    </div>
  );
}

/** Which article of a message that names none. */
export function ArticleChoice({ label, value }: { label: string; value: string }) {
  const t = useText();
  return (
    <label className="wizard-field">
      {label}
      <select value={value} onChange={({ target }) => changeDraft({ article: target.value })}>
        <option value="">{t(takeDownTexts.choose)}</option>
        {ARTICLES.map((n) => (
          <option key={n} value={String(n)}>
            {t(takeDownTexts.articleNo, { n })}
          </option>
        ))}
        <option value="all">{t(takeDownTexts.wholeMessage)}</option>
      </select>
    </label>
  );
}

/** A message has eight articles at most. */
const ARTICLES = [1, 2, 3, 4, 5, 6, 7, 8];
