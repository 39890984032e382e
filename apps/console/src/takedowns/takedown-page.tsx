import './takedowns.css';
import { Link, useParams } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { Takedown } from '@app/client';
import { addressOf, retract } from '../api/retract.js';
import { useFormats, useText } from '../language/language.js';
import { Loaded } from '../ui/loaded.js';
import { Moment, QuotaMoment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { Facts, PageHead, Section } from '../ui/page.js';
import { StatesBar, TakedownState } from '../ui/states.js';
import { ItsDeletions } from './its-deletions.js';
import { perMinute } from './progress.js';
import { Rejections } from './rejections.js';
import { PrintReport } from './report.js';
import { Standing } from './standing.js';
import { takedownTexts } from './texts.js';

/** It changes without an event as well: an undo window passes, and the rate is of this moment. */
const LOOK_AGAIN_MS = 5_000;

export function Page() {
  const t = useText();
  const { id = '' }: { id?: string } = useParams({ strict: false });
  const query = useQuery({
    queryKey: ['takedowns', id],
    queryFn: ({ signal }) => retract.takedowns.get(id, { signal }),
    refetchInterval: ({ state }) => (state.data && state.data.finished_at === null ? LOOK_AGAIN_MS : false),
  });
  return (
    <>
      <PageHead title={query.data?.reason ?? t(takedownTexts.one)}>
        {query.data && <PrintReport takedown={query.data} />}
      </PageHead>
      <Loaded query={query}>
        {(takedown) => (
          <>
            <Standing takedown={takedown} />
            <Overview takedown={takedown} />
            {takedown.rejected > 0 && <Rejections id={id} count={takedown.rejected} />}
            <Proof id={id} />
            <ItsDeletions takedown={takedown} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Overview({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  const { id, state, reason, priority, requested_by, metadata, counts, eta, created_at } = takedown;
  const { finished_at, cancelled_at, accepted, already_open, already_deleted, rejected } = takedown;
  const rate = perMinute(takedown, now);
  const isOpen = finished_at === null;
  const facts: (readonly [string, React.ReactNode])[] = [
    [t(takedownTexts.state), <TakedownState key="state" state={state} />],
    [t(takedownTexts.asked), <Moment key="asked" at={created_at} />],
    [t(takedownTexts.askedBy), requested_by.name ?? requested_by.id],
    [t(takedownTexts.reason), reason ?? t(takedownTexts.noReason)],
    [t(takedownTexts.priority), t(priority === 'urgent' ? takedownTexts.urgent : takedownTexts.normal)],
  ];
  if (rate !== undefined)
    facts.push([t(takedownTexts.rate), t(takedownTexts.perMinute, { count: formats.number(rate) })]);
  if (isOpen && eta !== null) facts.push([t(takedownTexts.eta), <QuotaMoment key="eta" at={eta} />]);
  if (cancelled_at !== null) facts.push([t(takedownTexts.cancelledAt), <Moment key="cancelled" at={cancelled_at} />]);
  if (finished_at !== null) facts.push([t(takedownTexts.finishedAt), <Moment key="finished" at={finished_at} />]);
  facts.push(
    [t(takedownTexts.accepted), formats.number(accepted)],
    [t(takedownTexts.alreadyOpen), formats.number(already_open)],
    [t(takedownTexts.alreadyGone), <Gone key="gone" count={already_deleted} />],
    [t(takedownTexts.rejected), formats.number(rejected)],
  );
  const pairs = Object.entries(metadata);
  if (pairs.length > 0)
    facts.push([t(takedownTexts.metadata), pairs.map(([name, value]) => `${name}: ${value}`).join(' · ')]);
  return (
    <Section title={t(takedownTexts.progress)}>
      {counts && <StatesBar counts={counts} />}
      <Facts facts={facts} />
      <p className="soft code">{id}</p>
    </Section>
  );
}

function Gone({ count }: { count: number }) {
  const t = useText();
  const formats = useFormats();
  return (
    <>
      {formats.number(count)}{' '}
      {count > 0 && (
        <Link to="." search={{ state: 'succeeded' }} replace className="no-print">
          {t(takedownTexts.seeGone)}
        </Link>
      )}
    </>
  );
}

const FORMATS = ['ndjson', 'csv'] as const;

function Proof({ id }: { id: string }) {
  const t = useText();
  return (
    <Section title={t(takedownTexts.proof)}>
      <p>{t(takedownTexts.proofLead)}</p>
      <p className="downloads no-print">
        {FORMATS.map((format) => (
          <a key={format} href={addressOf(`/v1/takedowns/${id}/proof?format=${format}`)} download>
            {t(takedownTexts.proofAs, { format: format.toUpperCase() })}
          </a>
        ))}
      </p>
    </Section>
  );
}
