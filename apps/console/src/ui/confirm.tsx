import { Dialog, Input } from 'tdesign-react';
import { useState, type ReactNode } from 'react';
import { useFormats, useText } from '../language/language.js';
import { uiTexts } from './texts.js';

/** Asks for a number before what cannot be undone is done. */
export function ConfirmByNumber({
  title,
  count,
  action,
  isBusy,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  /** What has to be typed. */
  count: number;
  action: string;
  isBusy: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const t = useText();
  const formats = useFormats();
  const [typed, setTyped] = useState('');
  const isRight = typed.replace(/[\s,.，]/g, '') === String(count);
  return (
    <Dialog
      visible
      header={title}
      confirmBtn={{ content: action, theme: 'danger', disabled: !isRight || isBusy, loading: isBusy }}
      cancelBtn={t(uiTexts.cancel)}
      onConfirm={() => isRight && !isBusy && onConfirm()}
      onClose={onClose}
      destroyOnClose
    >
      {children}
      <label>
        {t(uiTexts.typeNumber, { count: formats.number(count) })}
        <Input value={typed} onChange={setTyped} autofocus autocomplete="off" />
      </label>
    </Dialog>
  );
}
