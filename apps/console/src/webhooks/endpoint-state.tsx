import { Tag } from 'tdesign-react';
import type { WebhookDelivery, WebhookEndpoint } from '@app/client';
import { deliveryErrorWords, deliveryStateWords, endpointDisabledWords, endpointStateWords } from '@app/words';
import { useText } from '../language/language.js';
import { Ago } from '../ui/moment.js';
import { webhookTexts } from './texts.js';

/** Whether an endpoint is sent anything, and how that goes. */
export function EndpointState({ state, disabled_reason, failing_since }: WebhookEndpoint) {
  const t = useText();
  const isFailing = state === 'enabled' && failing_since !== null;
  return (
    <>
      <Tag theme={state === 'disabled' ? 'danger' : isFailing ? 'warning' : 'success'} variant="light-outline">
        {t(endpointStateWords[state])}
      </Tag>{' '}
      {state === 'disabled' && disabled_reason && t(endpointDisabledWords[disabled_reason])}
      {isFailing && (
        <>
          {t(webhookTexts.failing)} <Ago at={failing_since} />
        </>
      )}
    </>
  );
}

const THEMES = { pending: 'primary', delivered: 'success', failed: 'danger' } as const;

export function DeliveryState({ state }: Pick<WebhookDelivery, 'state'>) {
  const t = useText();
  return (
    <Tag theme={THEMES[state]} variant="light-outline">
      {t(deliveryStateWords[state])}
    </Tag>
  );
}

/** What the receiver last answered, or why there was no answer. */
export function Answer({ last_status, last_error }: Pick<WebhookDelivery, 'last_status' | 'last_error'>) {
  const t = useText();
  if (last_status !== null) return t(webhookTexts.answered, { status: String(last_status) });
  if (last_error === null) return t(webhookTexts.noAnswerYet);
  const words = deliveryErrorWords[last_error];
  return (
    <>
      {words && t(words)} <span className="soft code">{last_error}</span>
    </>
  );
}
