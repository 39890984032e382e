import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Choices, MomentInput } from '../ui/field.js';
import { FormDialog } from '../ui/form-dialog.js';
import { webhookTexts } from './texts.js';

const HOUR_MS = 3_600_000;

/** Sends what was made in a span of time again, page by page until there is no more. */
export function ResendDialog({ endpoint, onClose }: { endpoint: string | undefined; onClose: () => void }) {
  const t = useText();
  const [span, setSpan] = useState(() => ({
    since: new Date(Date.now() - HOUR_MS).toISOString(),
    until: new Date().toISOString(),
  }));
  const [which, setWhich] = useState<'failed' | 'all'>('failed');
  const [count, setCount] = useState<number>();
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: async () => {
      let cursor: string | undefined;
      let sent = 0;
      do {
        const { resent, next_cursor } = await retract.webhookDeliveries.resend({
          ...span,
          states: which === 'failed' ? ['failed'] : ['failed', 'delivered'],
          ...(endpoint !== undefined && { endpoint }),
          ...(cursor !== undefined && { cursor }),
        });
        sent += resent;
        setCount(sent);
        cursor = next_cursor ?? undefined;
      } while (cursor !== undefined);
    },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['webhook-deliveries'] }),
  });
  const isSpan = span.since !== '' && span.until !== '' && Date.parse(span.since) < Date.parse(span.until);
  return (
    <FormDialog
      title={t(webhookTexts.resendSpan)}
      action={t(webhookTexts.resend)}
      isBusy={isPending}
      isReady={isSpan && !isSuccess}
      error={error}
      onSubmit={() => mutate()}
      onClose={onClose}
    >
      <p className="soft">{t(webhookTexts.resendLead)}</p>
      <div className="filters">
        <MomentInput
          label={t(webhookTexts.since)}
          value={span.since}
          onChange={(since) => setSpan((before) => ({ ...before, since }))}
        />
        <MomentInput
          label={t(webhookTexts.until)}
          value={span.until}
          onChange={(until) => setSpan((before) => ({ ...before, until }))}
        />
      </div>
      <p role="alert" className="field-error">
        {!isSpan && t(webhookTexts.wrongSpan)}
      </p>
      <Choices
        label={t(webhookTexts.which)}
        value={which}
        onChange={setWhich}
        choices={[
          ['failed', t(webhookTexts.onlyFailed)],
          ['all', t(webhookTexts.alsoDelivered)],
        ]}
      />
      <p role="status">
        {count !== undefined && t(isPending ? webhookTexts.resending : webhookTexts.resent, { count })}
      </p>
    </FormDialog>
  );
}
