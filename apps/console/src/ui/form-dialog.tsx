import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { useText } from '../language/language.js';
import { Button } from './button.js';
import { Fault } from './fault.js';
import { uiTexts } from './texts.js';

/** Asks before something is done, with fields where there is something to fill in. The browser keeps the focus within. */
export function FormDialog({
  title,
  action,
  isDanger = false,
  isBusy,
  isReady = true,
  error,
  onSubmit,
  onClose,
  children,
}: {
  title: string;
  /** What the button says. */
  action: string;
  isDanger?: boolean;
  isBusy: boolean;
  /** Whether what was filled in can be sent. */
  isReady?: boolean;
  error?: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const t = useText();
  return (
    <Modal title={title} onClose={isBusy ? undefined : onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isBusy) onSubmit();
        }}
      >
        {children}
        {error != null && <Fault error={error} />}
        <div className="form-end">
          <Button type="button" variant="outline" disabled={isBusy} onClick={onClose}>
            {t(uiTexts.cancel)}
          </Button>
          <Button type="submit" theme={isDanger ? 'danger' : 'primary'} loading={isBusy} disabled={!isReady}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** A window above the page, until it is closed. */
export function Modal({
  title,
  onClose,
  children,
}: {
  title: string;
  /** Asked for with the Escape key; without it, that key does nothing. */
  onClose?: (() => void) | undefined;
  children: ReactNode;
}) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed while it is still in the page, the browser gives the focus back to where it was.
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={({ currentTarget }) => {
        // Browsers close it all the same when the key is pressed again.
        if (currentTarget.open || !currentTarget.isConnected) return;
        if (onClose) onClose();
        else currentTarget.showModal();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
