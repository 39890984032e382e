import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { WebhookDelivery } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { Modal } from '../ui/form-dialog.js';
import { Ago, Moment } from '../ui/moment.js';
import { Facts } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { uiTexts } from '../ui/texts.js';
import { DeliveryOutcome } from './delivery-outcome.js';
import { Answer, DeliveryState } from './endpoint-state.js';
import { useEventWords } from './event-types.js';
import { webhookTexts } from './texts.js';

export type DeliveryFilters = NonNullable<Parameters<typeof retract.webhookDeliveries.list>[0]>;

/** @param urls of the endpoints by their ids, where they are not all the same */
export function DeliveryList({
  filters,
  urls,
  empty,
}: {
  filters: DeliveryFilters;
  urls?: ReadonlyMap<string, string>;
  empty: ReactNode;
}) {
  const t = useText();
  const wordsOf = useEventWords();
  const [looked, setLooked] = useState<WebhookDelivery>();
  const columns: Column<WebhookDelivery>[] = [
    {
      key: 'event',
      title: t(webhookTexts.event),
      width: 'minmax(0, 1.5fr)',
      cell: ({ event_type }) => (
        <>
          {wordsOf(event_type)} <span className="soft code">{event_type}</span>
        </>
      ),
    },
    ...(urls
      ? [
          {
            key: 'endpoint',
            title: t(webhookTexts.endpoint),
            width: 'minmax(0, 1.2fr)',
            cell: ({ endpoint_id: id }: WebhookDelivery) => (
              <Link to="/settings/webhooks/$id" params={{ id }}>
                {urls.get(id) ?? id}
              </Link>
            ),
          },
        ]
      : []),
    {
      key: 'state',
      title: t(webhookTexts.state),
      width: 'minmax(0, 1.4fr)',
      cell: ({ state, attempts, next_attempt_at }) => (
        <>
          <DeliveryState state={state} />{' '}
          {state !== 'delivered' && attempts > 0 && t(webhookTexts.attempts, { count: attempts })}{' '}
          {next_attempt_at && attempts > 0 && (
            <>
              {t(webhookTexts.nextAttempt)} <Ago at={next_attempt_at} />
            </>
          )}
        </>
      ),
    },
    {
      key: 'answer',
      title: t(webhookTexts.answer),
      width: 'minmax(0, 1.2fr)',
      cell: (delivery) => <Answer {...delivery} />,
    },
    {
      key: 'at',
      title: t(webhookTexts.at),
      width: 'minmax(0, 1fr)',
      cell: ({ created_at, resends }) => (
        <>
          <Moment at={created_at} /> {resends > 0 && t(webhookTexts.resends, { count: resends })}
        </>
      ),
    },
    {
      key: 'details',
      title: t(webhookTexts.details),
      width: '84px',
      cell: (delivery) => (
        <Button
          size="small"
          variant="outline"
          aria-label={t(webhookTexts.detailsOf, { event: wordsOf(delivery.event_type) })}
          onClick={() => setLooked(delivery)}
        >
          {t(webhookTexts.details)}
        </Button>
      ),
    },
  ];
  return (
    <>
      <Rows
        queryKey={['webhook-deliveries', filters]}
        read={async (page, signal) => await retract.webhookDeliveries.list({ ...filters, ...page }, { signal })}
        columns={columns}
        idOf={({ id }) => id}
        label={t(webhookTexts.deliveries)}
        empty={empty}
      />
      {looked && <Delivery delivery={looked} onClose={() => setLooked(undefined)} />}
    </>
  );
}

function Delivery({ delivery, onClose }: { delivery: WebhookDelivery; onClose: () => void }) {
  const t = useText();
  const wordsOf = useEventWords();
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: () => retract.webhookEndpoints.resend(delivery.endpoint_id, delivery.id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['webhook-deliveries'] }),
  });
  return (
    <Modal title={wordsOf(delivery.event_type)} onClose={onClose}>
      <div className="form">
        <Facts
          facts={[
            [t(webhookTexts.state), <DeliveryState key="state" state={delivery.state} />],
            [t(webhookTexts.answer), <Answer key="answer" {...delivery} />],
            [t(webhookTexts.at), <Moment key="at" at={delivery.created_at} />],
            [
              t(webhookTexts.eventId),
              <span key="id" className="code">
                {delivery.event_id}
              </span>,
            ],
          ]}
        />
        <h3>{t(webhookTexts.payload)}</h3>
        <pre className="payload" tabIndex={0}>
          {JSON.stringify(delivery.payload, undefined, 2)}
        </pre>
        {error && <Fault error={error} />}
        {data && <DeliveryOutcome delivery={data} />}
        <div className="form-end">
          <Button variant="outline" onClick={onClose}>
            {t(uiTexts.close)}
          </Button>
          <Button loading={isPending} disabled={delivery.state === 'pending'} onClick={() => mutate()}>
            {t(webhookTexts.resend)}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
