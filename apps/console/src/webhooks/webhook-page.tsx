import { useParams } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { WebhookEndpoint } from '@app/client';
import { deliveryStateWords } from '@app/words';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { ChoiceField } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Empty, Loaded } from '../ui/loaded.js';
import { Ago, Moment } from '../ui/moment.js';
import { Facts, NeedsRole, PageHead, Section } from '../ui/page.js';
import { uiTexts } from '../ui/texts.js';
import { DeliveryList, type DeliveryFilters } from './deliveries.js';
import { DeliveryOutcome } from './delivery-outcome.js';
import { ChangeEndpoint, DeleteEndpoint, RotateSecret, SwitchEndpoint } from './endpoint-dialogs.js';
import { EndpointState } from './endpoint-state.js';
import { EventTypes } from './event-types.js';
import { GuideLink } from './guide-link.js';
import { ResendDialog } from './resend-dialog.js';
import { webhookTexts } from './texts.js';

export function Page() {
  const t = useText();
  const { id = '' }: { id?: string } = useParams({ strict: false });
  const isAdmin = useMay('admin');
  const query = useQuery({
    queryKey: ['webhook-endpoints', id],
    queryFn: ({ signal }) => retract.webhookEndpoints.get(id, { signal }),
    enabled: isAdmin,
  });
  if (!isAdmin)
    return (
      <>
        <PageHead title={t(webhookTexts.endpoint)} />
        <NeedsRole role="admin" />
      </>
    );
  return (
    <Loaded query={query}>
      {(endpoint) => (
        <>
          <Head endpoint={endpoint} />
          <Section title={t(webhookTexts.state)}>
            <Facts
              facts={[
                [t(webhookTexts.state), <EndpointState key="state" {...endpoint} />],
                [
                  t(webhookTexts.lastDelivered),
                  endpoint.last_delivered_at ? <Ago at={endpoint.last_delivered_at} /> : t(webhookTexts.never),
                ],
                [t(webhookTexts.events), <EventTypes key="events" patterns={endpoint.event_types} />],
                [t(webhookTexts.limits), limitsOf(endpoint) || t(webhookTexts.noLimits)],
                [t(webhookTexts.created), <Moment key="made" at={endpoint.created_at} />],
                ...(endpoint.previous_secret_until
                  ? [[t(webhookTexts.bothSecrets), <Moment key="both" at={endpoint.previous_secret_until} />] as const]
                  : []),
              ]}
            />
            <p>
              <GuideLink />
            </p>
          </Section>
          <Deliveries endpoint={endpoint} />
        </>
      )}
    </Loaded>
  );
}

const limitsOf = ({ platforms, merchants }: WebhookEndpoint): string =>
  [...(platforms ?? []), ...(merchants ?? [])].join(', ');

type Asked = 'change' | 'switch' | 'rotate' | 'delete';

function Head({ endpoint }: { endpoint: WebhookEndpoint }) {
  const t = useText();
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const test = useMutation({
    mutationFn: () => retract.webhookEndpoints.test(endpoint.id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['webhook-deliveries'] }),
  });
  const isEnabled = endpoint.state === 'enabled';
  return (
    <>
      <PageHead title={endpoint.description ?? t(webhookTexts.endpoint)}>
        {isEnabled && (
          <Button loading={test.isPending} onClick={() => test.mutate()}>
            {t(webhookTexts.sendTest)}
          </Button>
        )}
        <Button variant="outline" onClick={() => setAsked('change')}>
          {t(webhookTexts.change)}
        </Button>
        <Button variant="outline" onClick={() => setAsked('rotate')}>
          {t(webhookTexts.rotate)}
        </Button>
        <Button variant="outline" onClick={() => setAsked('switch')}>
          {t(isEnabled ? webhookTexts.disable : webhookTexts.enable)}
        </Button>
        <Button variant="outline" theme="danger" onClick={() => setAsked('delete')}>
          {t(webhookTexts.delete)}
        </Button>
      </PageHead>
      <p className="code">{endpoint.url}</p>
      {test.error && <Fault error={test.error} />}
      {test.data && <DeliveryOutcome key={test.data.id} delivery={test.data} />}
      {asked === 'change' && <ChangeEndpoint endpoint={endpoint} onClose={close} />}
      {asked === 'switch' && <SwitchEndpoint endpoint={endpoint} onClose={close} />}
      {asked === 'rotate' && <RotateSecret endpoint={endpoint} onClose={close} />}
      {asked === 'delete' && <DeleteEndpoint endpoint={endpoint} onClose={close} />}
    </>
  );
}

function Deliveries({ endpoint }: { endpoint: WebhookEndpoint }) {
  const t = useText();
  const [filters, change] = useFilters('state');
  const [isResending, setResending] = useState(false);
  return (
    <Section
      title={t(webhookTexts.deliveries)}
      actions={
        endpoint.state === 'enabled' && (
          <Button size="small" variant="outline" onClick={() => setResending(true)}>
            {t(webhookTexts.resendSpan)}
          </Button>
        )
      }
    >
      <div className="filters" role="group" aria-label={t(uiTexts.filters)}>
        <ChoiceField
          label={t(webhookTexts.state)}
          value={filters.state}
          choices={STATES.map((value) => ({ value, text: t(deliveryStateWords[value]) }))}
          onChange={(state) => change({ state })}
        />
      </div>
      <DeliveryList
        filters={{ ...filters, endpoint: endpoint.id } as DeliveryFilters}
        empty={
          <Empty title={t(webhookTexts.noDeliveries)}>
            <p>{t(filters.state === undefined ? webhookTexts.noDeliveriesHint : webhookTexts.nothingFound)}</p>
          </Empty>
        }
      />
      {isResending && <ResendDialog endpoint={endpoint.id} onClose={() => setResending(false)} />}
    </Section>
  );
}

const STATES = ['pending', 'delivered', 'failed'] as const;
