import { Alert } from 'tdesign-react';
import { Component, type ReactNode } from 'react';
import { RetractConnectionError, RetractError } from '@app/client';
import { problemWords } from '@app/words';
import { addressOf } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Button } from './button.js';
import { uiTexts } from './texts.js';

/** Says what went wrong, what to do next, and the request's id. */
export function Fault({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useText();
  return (
    <div role="alert">
      <Alert
        theme="error"
        title={titleOf(error, t)}
        message={<FaultDetail error={error} />}
        {...(onRetry && {
          operation: (
            <Button size="small" variant="outline" onClick={onRetry}>
              {t(uiTexts.tryAgain)}
            </Button>
          ),
        })}
      />
    </div>
  );
}

const titleOf = (error: unknown, t: ReturnType<typeof useText>): string =>
  error instanceof RetractError ? t(wordsOf(error)?.title ?? uiTexts.wentWrong) : t(uiTexts.wentWrong);

/** Undefined where something before the api has answered. */
const wordsOf = ({ code }: RetractError) => (code === 'no_problem' ? undefined : problemWords[code]);

function FaultDetail({ error }: { error: unknown }) {
  const t = useText();
  if (error instanceof RetractConnectionError)
    return (
      <>
        <p>{t(uiTexts.noAnswer)}</p>
        {error.mayHaveWorked && <p>{t(uiTexts.mayHaveWorked)}</p>}
      </>
    );
  if (!(error instanceof RetractError)) return <p>{String(error)}</p>;
  return (
    <>
      <p>{t(wordsOf(error)?.next ?? uiTexts.noProblem)}</p>
      <p className="soft">{error.detail}</p>
      {error.errors.length > 0 && (
        <ul>
          {error.errors.slice(0, 20).map((one, i) => (
            <li key={i}>{'field' in one ? `${one.field}: ${one.message}` : `${one.line}: ${one.detail}`}</li>
          ))}
        </ul>
      )}
      <p className="soft">
        <a href={addressOf(`/docs/problems/${error.code}`)} target="_blank" rel="noreferrer">
          {error.code}
        </a>
        {error.requestId && ` · ${t(uiTexts.requestId, { id: error.requestId })}`}
      </p>
    </>
  );
}

/** Draws something else where its children cannot be drawn, and leaves the rest of the console usable. */
export class FaultBoundary extends Component<{ children: ReactNode; fallback: (error: unknown) => ReactNode }> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render(): ReactNode {
    return 'error' in this.state ? this.props.fallback(this.state.error) : this.props.children;
  }
}

/** In place of a page that cannot be drawn: after an update of the service, parts of the older page may be gone. */
export function BrokenPage({ error }: { error: unknown }) {
  const t = useText();
  return (
    <div role="alert">
      <Alert
        theme="error"
        title={t(uiTexts.brokenPage)}
        message={String(error)}
        operation={
          <Button size="small" variant="outline" onClick={() => location.reload()}>
            {t(uiTexts.reload)}
          </Button>
        }
      />
    </div>
  );
}
