import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { WebhookEndpoint } from '@app/client';
import { deliveryStateWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { MomentInput } from '../ui/field.js';
import { ChoiceField } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { Ago } from '../ui/moment.js';
import { NeedsRole, PageHead, Views } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { uiTexts } from '../ui/texts.js';
import { DeliveryList, type DeliveryFilters } from './deliveries.js';
import { CreateEndpoint } from './endpoint-dialogs.js';
import { EndpointState } from './endpoint-state.js';
import { typesBySubject } from './event-choice.js';
import { EventTypes, useEventWords } from './event-types.js';
import { GuideLink } from './guide-link.js';
import { ResendDialog } from './resend-dialog.js';
import { webhookTexts } from './texts.js';

/** As many as one may make within its limits, and some. */
const ENDPOINTS = 200;

export function Page() {
  const t = useText();
  const isAdmin = useMay('admin');
  const [{ view = 'endpoints' }] = useFilters('view');
  const [asked, setAsked] = useState<'create' | 'resend'>();
  const close = () => setAsked(undefined);
  if (!isAdmin)
    return (
      <>
        <PageHead title={t(webhookTexts.title)} />
        <NeedsRole role="admin" />
      </>
    );
  return (
    <>
      <PageHead title={t(webhookTexts.title)}>
        {view === 'deliveries' && (
          <Button variant="outline" onClick={() => setAsked('resend')}>
            {t(webhookTexts.resendSpan)}
          </Button>
        )}
        <Button onClick={() => setAsked('create')}>{t(webhookTexts.create)}</Button>
      </PageHead>
      <Views
        label={t(webhookTexts.title)}
        current={view}
        views={[
          ['endpoints', t(webhookTexts.endpoints)],
          ['deliveries', t(webhookTexts.deliveries)],
        ]}
      />
      {view === 'deliveries' ? <AllDeliveries /> : <Endpoints />}
      {asked === 'create' && <CreateEndpoint onClose={close} />}
      {asked === 'resend' && <ResendDialog endpoint={undefined} onClose={close} />}
    </>
  );
}

function Endpoints() {
  const t = useText();
  const columns: Column<WebhookEndpoint>[] = [
    {
      key: 'url',
      title: t(webhookTexts.url),
      width: 'minmax(0, 2fr)',
      cell: ({ id, url, description }) => (
        <>
          <Link to="/settings/webhooks/$id" params={{ id }}>
            {url}
          </Link>
          {description && <span className="line soft">{description}</span>}
        </>
      ),
    },
    {
      key: 'events',
      title: t(webhookTexts.events),
      width: 'minmax(0, 2fr)',
      cell: ({ event_types }) => <EventTypes patterns={event_types} />,
    },
    {
      key: 'state',
      title: t(webhookTexts.state),
      width: 'minmax(0, 1.4fr)',
      cell: (endpoint) => <EndpointState {...endpoint} />,
    },
    {
      key: 'last',
      title: t(webhookTexts.lastDelivered),
      width: 'minmax(0, 0.8fr)',
      cell: ({ last_delivered_at: at }) => (at ? <Ago at={at} /> : t(webhookTexts.never)),
    },
  ];
  return (
    <Rows
      queryKey={['webhook-endpoints', 'list']}
      read={async (page, signal) => await retract.webhookEndpoints.list(page, { signal })}
      columns={columns}
      idOf={({ id }) => id}
      label={t(webhookTexts.endpoints)}
      empty={
        <Empty title={t(webhookTexts.none)}>
          <p>{t(webhookTexts.noneHint)}</p>
          <p>
            <GuideLink />
          </p>
        </Empty>
      }
    />
  );
}

function AllDeliveries() {
  const t = useText();
  const wordsOf = useEventWords();
  const [filters, change] = useFilters('endpoint', 'state', 'type', 'since', 'until');
  const endpoints = useQuery({
    queryKey: ['webhook-endpoints', 'all'],
    queryFn: async ({ signal }) => await retract.webhookEndpoints.list({ limit: ENDPOINTS }, { signal }),
  }).data?.data;
  const urls = new Map(endpoints?.map(({ id, url }) => [id, url]));
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <>
      <div className="filters" role="group" aria-label={t(uiTexts.filters)}>
        <ChoiceField
          label={t(webhookTexts.endpoint)}
          value={filters.endpoint}
          choices={[...urls].map(([value, text]) => ({ value, text }))}
          onChange={(endpoint) => change({ endpoint })}
        />
        <ChoiceField
          label={t(webhookTexts.state)}
          value={filters.state}
          choices={DELIVERY_STATES.map((value) => ({ value, text: t(deliveryStateWords[value]) }))}
          onChange={(state) => change({ state })}
        />
        <ChoiceField
          label={t(webhookTexts.event)}
          value={filters.type}
          choices={[...typesBySubject.values()].flat().map((value) => ({ value, text: wordsOf(value) }))}
          onChange={(type) => change({ type })}
        />
        <MomentInput
          label={t(webhookTexts.since)}
          value={filters.since ?? ''}
          onChange={(since) => change({ since: since || undefined })}
        />
        <MomentInput
          label={t(webhookTexts.until)}
          value={filters.until ?? ''}
          onChange={(until) => change({ until: until || undefined })}
        />
        {isFiltered && (
          <Button
            variant="text"
            onClick={() =>
              change({ endpoint: undefined, state: undefined, type: undefined, since: undefined, until: undefined })
            }
          >
            {t(uiTexts.clearFilters)}
          </Button>
        )}
      </div>
      <DeliveryList
        // What is in the address may be anything: the api says what is wrong with it.
        filters={filters as DeliveryFilters}
        urls={urls}
        empty={
          <Empty title={t(webhookTexts.noDeliveries)}>
            <p>{t(isFiltered ? webhookTexts.nothingFound : webhookTexts.noDeliveriesHint)}</p>
          </Empty>
        }
      />
    </>
  );
}

const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
