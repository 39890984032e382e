import { Alert, Button } from 'tdesign-react';
import type { ReactNode } from 'react';
import { useText } from '../language/language.js';
import { Copyable } from './copy.js';
import { Modal } from './form-dialog.js';
import { uiTexts } from './texts.js';

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
