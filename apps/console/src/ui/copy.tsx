import { useBlocker } from '@tanstack/react-router';
import { Alert } from 'tdesign-react';
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { renderSVG } from 'uqr';
import { useText } from '../language/language.js';
import { Button } from './button.js';
import { Modal } from './form-dialog.js';
import { uiTexts } from './texts.js';

const SAID_FOR_MS = 2_000;

/** A text that somebody takes elsewhere. */
export function Copyable({ text, label }: { text: string; label?: string }) {
  const t = useText();
  const shown = useRef<HTMLElement>(null);
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  useEffect(() => {
    if (outcome === 'refused' && shown.current) getSelection()?.selectAllChildren(shown.current);
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome(undefined), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => setOutcome((await isCopied(text, shown.current)) ? 'copied' : 'refused');
  return (
    <span className="copyable">
      <code ref={shown}>{outcome === 'refused' ? text : (label ?? text)}</code>
      <Button size="small" variant="outline" onClick={() => void copy()}>
        {t(outcome === 'copied' ? uiTexts.copied : uiTexts.copy)}
      </Button>
      <span role="status" className={outcome === 'refused' ? 'is-bad' : 'unseen'}>
        {outcome && t(outcome === 'copied' ? uiTexts.copied : uiTexts.notCopied)}
      </span>
    </span>
  );
}

/** Without TLS a page can copy only what is selected, and below an open dialog nothing can be. */
async function isCopied(text: string, beside: HTMLElement | null): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not allowed to: the selection may be.
  }
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  (beside?.closest('dialog') ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isDone;
}

/** A code that a phone reads; light behind it in the dark, too, for phones need that. */
export function Qr({ text, title }: { text: string; title: string }) {
  return (
    <img className="qr" alt={title} src={`data:image/svg+xml,${encodeURIComponent(renderSVG(text, { border: 2 }))}`} />
  );
}

/** The secrets that are shown, or on their way, and who wants to know of that. */
let shown = 0;
const watching = new Set<() => void>();

function noteShown(change: number): void {
  shown += change;
  for (const tell of watching) tell();
}

function watchShown(tell: () => void): () => void {
  watching.add(tell);
  return () => watching.delete(tell);
}

/** Whether a secret is shown, or on its way: a session that ends meanwhile must not take it away. */
export const useSecretShown = (): boolean => useSyncExternalStore(watchShown, () => shown > 0);

/** While a secret is shown, or on its way: to go elsewhere, back, or to load the page anew asks first. */
export function useStayForSecret(isNeeded: boolean): void {
  const t = useText();
  useEffect(() => {
    if (!isNeeded) return;
    noteShown(1);
    return () => noteShown(-1);
  }, [isNeeded]);
  useBlocker({
    shouldBlockFn: () => !confirm(t(uiTexts.leaveSecret)),
    // Of a page that is loaded anew, the browser asks in words of its own.
    enableBeforeUnload: isNeeded,
    disabled: !isNeeded,
  });
}

/** A secret that is shown this once, and stored nowhere in the clear: only the button closes it. */
export function SecretOnce({
  title,
  secret,
  onClose,
  children,
}: {
  title: string;
  secret: string;
  onClose: () => void;
  children?: ReactNode;
}) {
  const t = useText();
  useStayForSecret(true);
  return (
    <Modal title={title}>
      <div className="form">
        <Alert theme="warning" message={t(uiTexts.onlyOnce)} />
        <Copyable text={secret} />
        {children}
        <div className="form-end">
          <Button onClick={onClose}>{t(uiTexts.keptIt)}</Button>
        </div>
      </div>
    </Modal>
  );
}
