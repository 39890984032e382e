import { Input } from 'tdesign-react';
import { useState, type ReactNode } from 'react';
import { useFormats, useText } from '../../language/language.js';
import { FormDialog } from '../form-dialog.js';
import { uiTexts } from '../texts.js';

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
  const [typed, setTyped] = useState('');
  return (
    <FormDialog
      title={title}
      action={action}
      isDanger
      isBusy={isBusy}
      isReady={isTyped(typed, count)}
      onSubmit={onConfirm}
      onClose={onClose}
    >
      {children}
      <TypedNumber count={count} typed={typed} onType={setTyped} />
    </FormDialog>
  );
}

/** However it is grouped: 1,200 and 1200. */
export const isTyped = (typed: string, count: number): boolean => typed.replace(/[\s,.，]/g, '') === String(count);

export function TypedNumber({
  count,
  typed,
  onType,
}: {
  count: number;
  typed: string;
  onType: (typed: string) => void;
}) {
  const t = useText();
  const formats = useFormats();
  return (
    <label className="typed-number">
      {t(uiTexts.typeNumber, { count: formats.number(count) })}
      <Input value={typed} onChange={onType} autofocus autocomplete="off" />
    </label>
  );
}
