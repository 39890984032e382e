import { Alert, Tag } from 'tdesign-react';
import type { Platform } from '@app/client';
import { holdReasonWords, ticketStateWords } from '@app/words';
import { useText } from '../language/language.js';
import { Moment } from '../ui/moment.js';
import { Errcode } from '../ui/states.js';
import { platformTexts } from './texts.js';

/** In a word, whether the platform works. */
export function PlatformState({ hold, ticket_state }: Platform) {
  const t = useText();
  if (hold)
    return (
      <Tag theme="danger" variant="light-outline">
        {t(platformTexts.held)}
      </Tag>
    );
  const theme = ({ fresh: 'success', silent: 'warning', missing: 'danger' } as const)[ticket_state];
  return (
    <Tag theme={theme} variant="light-outline">
      {ticket_state === 'fresh' ? t(platformTexts.works) : t(ticketStateWords[ticket_state])}
    </Tag>
  );
}

/** Why nothing of the platform is sent, and when that is tried again. */
export function HoldNote({ hold }: { hold: NonNullable<Platform['hold']> }) {
  const t = useText();
  return (
    <div role="alert">
      <Alert
        theme="error"
        title={t(platformTexts.heldTitle)}
        message={
          <>
            <p>{t(holdReasonWords[hold.reason])}</p>
            {hold.errcode !== null && (
              <p>
                <Errcode errcode={hold.errcode} />
              </p>
            )}
            <p>
              {t(platformTexts.heldSince)} <Moment at={hold.since} />
            </p>
            {hold.next_probe_at && (
              <p>
                {t(platformTexts.nextProbe)} <Moment at={hold.next_probe_at} />
              </p>
            )}
            <p>{t(platformTexts.heldAdvice)}</p>
          </>
        }
      />
    </div>
  );
}
