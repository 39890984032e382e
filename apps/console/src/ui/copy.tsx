import { Alert } from 'tdesign-react';
import { useEffect, useState, type ReactNode } from 'react';
import { renderSVG } from 'uqr';
import { useText } from '../language/language.js';
import { Button } from './button.js';
import { Modal } from './form-dialog.js';
import { uiTexts } from './texts.js';

const SAID_FOR_MS = 2_000;

/** A text that somebody takes elsewhere. */
export function Copyable({ text, label }: { text: string; label?: string }) {
  const t = useText();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
  };
  return (
    <span className="copyable">
      <code>{label ?? text}</code>
      <Button size="small" variant="outline" onClick={() => void copy()}>
        {t(isCopied ? uiTexts.copied : uiTexts.copy)}
      </Button>
      <span role="status" className="unseen">
        {isCopied && t(uiTexts.copied)}
      </span>
    </span>
  );
}

/** Pages that came without TLS have no clipboard but that of the selection. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

/** A code that a phone reads; light behind it in the dark, too, for phones need that. */
export function Qr({ text, title }: { text: string; title: string }) {
  return (
    <img className="qr" alt={title} src={`data:image/svg+xml,${encodeURIComponent(renderSVG(text, { border: 2 }))}`} />
  );
}

/** A secret that is shown this once, and stored nowhere in the clear. */
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
  return (
    <Modal title={title} onClose={onClose}>
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
