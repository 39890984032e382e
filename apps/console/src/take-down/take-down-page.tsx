import './take-down.css';
import { useEffect, useRef, type ReactNode } from 'react';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { NeedsRole, PageHead } from '../ui/page.js';
import { ConfirmStep } from './confirm-step.js';
import { useContent, usePasted } from './content.js';
import { changeDraft, dropDraft, useDraft, type Draft, type Step } from './draft.js';
import { DryRunStep } from './dry-run-step.js';
import { HowStep } from './how-step.js';
import { takeDownTexts } from './texts.js';
import { WhatStep } from './what-step.js';

const STEPS = [
  ['what', takeDownTexts.what],
  ['dry-run', takeDownTexts.dryRun],
  ['how', takeDownTexts.how],
  ['confirm', takeDownTexts.confirm],
] as const;

export function Page() {
  const t = useText();
  const draft = useDraft();
  const isOperator = useMay('operator');
  return (
    <>
      <PageHead title={t(takeDownTexts.title)}>
        {isEntered(draft) && (
          <Button variant="outline" onClick={dropDraft}>
            {t(takeDownTexts.anew)}
          </Button>
        )}
      </PageHead>
      {isOperator ? <Wizard draft={draft} /> : <NeedsRole role="operator" />}
    </>
  );
}

const isEntered = ({ text, picked, label, fileName, reason }: Draft) =>
  picked.length > 0 || [text, label, fileName ?? '', reason].some((value) => value !== '');

function Wizard({ draft }: { draft: Draft }) {
  const pasted = usePasted(draft);
  const content = useContent(draft, pasted);
  // Whatever was read before a reload: without it there is nothing to go on with.
  const step = content ? draft.step : 'what';
  return (
    <>
      <StepList current={step} />
      <StepBody key={step}>
        {step === 'what' && <WhatStep draft={draft} pasted={pasted} content={content} />}
        {content && step === 'dry-run' && <DryRunStep draft={draft} content={content} />}
        {content && step === 'how' && <HowStep draft={draft} />}
        {content && step === 'confirm' && <ConfirmStep draft={draft} content={content} />}
      </StepBody>
    </>
  );
}

/** The way through the wizard. What was done can be gone back to. */
function StepList({ current }: { current: Step }) {
  const t = useText();
  const at = STEPS.findIndex(([step]) => step === current);
  return (
    <nav aria-label={t(takeDownTexts.steps)}>
      <ol className="steps">
        {STEPS.map(([step, words], i) => (
          <li key={step} className={i < at ? 'is-done' : i === at ? 'is-current' : ''}>
            <button
              type="button"
              disabled={i > at}
              aria-current={i === at ? 'step' : undefined}
              onClick={() => changeDraft({ step })}
            >
              <span className="step-no" aria-hidden="true">
                {i < at ? '✓' : i + 1}
              </span>
              {t(words)}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Each step begins at its top, for those who look and for those who hear it. */
function StepBody({ children }: { children: ReactNode }) {
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (document.activeElement !== document.body && !document.activeElement?.closest('.steps, .step-end')) return;
    top.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }, []);
  return (
    <div ref={top} tabIndex={-1} className="step-body">
      {children}
    </div>
  );
}
