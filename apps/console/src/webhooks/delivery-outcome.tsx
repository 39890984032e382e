import { useQuery, type Query } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import type { WebhookDelivery } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Fault } from '../ui/fault.js';
import { Answer } from './endpoint-state.js';
import { webhookTexts } from './texts.js';

const LOOK_EVERY_MS = 1_000;

const isList = ({ queryKey: [subject, part] }: Query) => subject === 'webhook-deliveries' && part !== 'outcome';

/** What becomes of a delivery that is on its way. It is told nowhere but in the log. */
export function DeliveryOutcome({ delivery }: { delivery: WebhookDelivery }) {
  const t = useText();
  const { id, endpoint_id, attempts } = delivery;
  const isOver = (found: WebhookDelivery | null | undefined) =>
    found != null && (found.state !== 'pending' || found.attempts > attempts);
  const { data: found, error } = useQuery({
    queryKey: ['webhook-deliveries', 'outcome', id, delivery.resends],
    queryFn: async ({ signal }) => {
      const { data } = await retract.webhookEndpoints.listDeliveries(endpoint_id, {}, { signal });
      const now = data.find((one) => one.id === id) ?? null;
      // The lists have it from before.
      if (isOver(now)) void queries.invalidateQueries({ predicate: isList });
      return now;
    },
    staleTime: Infinity,
    refetchInterval: ({ state }) => !isOver(state.data) && LOOK_EVERY_MS,
  });
  if (error) return <Fault error={error} />;
  if (!found || !isOver(found)) return <p role="status">{t(webhookTexts.onItsWay)}</p>;
  return (
    <div role="status">
      {found.state === 'delivered' ? (
        <Alert theme="success" message={t(webhookTexts.gotThrough, { status: String(found.last_status) })} />
      ) : (
        <Alert
          theme="warning"
          message={
            <>
              {t(webhookTexts.didNot)} <Answer {...found} />
            </>
          }
        />
      )}
    </div>
  );
}
