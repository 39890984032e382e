import { useQuery } from '@tanstack/react-query';
import { retract } from '../api/retract.js';
import { EventList } from '../events/event-list.js';
import { useText } from '../language/language.js';
import { Loaded } from '../ui/loaded.js';
import { PageHead, Section } from '../ui/page.js';
import { Alarms } from './alarms.js';
import { Figures, WhyWaiting } from './figures.js';
import { Outcomes } from './outcomes.js';
import { MerchantCounts, Platforms } from './standing.js';
import { overviewTexts } from './texts.js';
import { TakedownsUnderWay } from './under-way.js';

/** Events tell of what happens; that nothing happens any more shows only to those who ask again. */
const ASKED_AGAIN_MS = 15_000;
const EVENTS_SHOWN = 10;

/** Is all well, and if not, what is to be done? Then what is under way. */
export function Page() {
  const t = useText();
  const query = useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => retract.overview.get({ signal }),
    refetchInterval: ASKED_AGAIN_MS,
  });
  return (
    <>
      <PageHead title={t(overviewTexts.title)} />
      <Loaded query={query}>
        {({ alarms, platforms, deletions, quota, merchants, series, takedowns, events }) => (
          <>
            <Alarms alarms={alarms} />
            <Figures deletions={deletions} quota={quota} />
            <div className="stacks">
              <div>
                <TakedownsUnderWay takedowns={takedowns} />
                <Outcomes series={series} />
              </div>
              <div>
                <WhyWaiting waitingFor={deletions.waiting_for} />
                <Platforms platforms={platforms} />
                <MerchantCounts merchants={merchants} />
              </div>
            </div>
            <Section title={t(overviewTexts.events)}>
              {events.length === 0 ? (
                <p className="soft">{t(overviewTexts.noEvents)}</p>
              ) : (
                <EventList events={events.slice(0, EVENTS_SHOWN)} />
              )}
            </Section>
          </>
        )}
      </Loaded>
    </>
  );
}
