import { Link } from '@tanstack/react-router';
import {
  errcodeWords,
  eventTypeWords,
  holdReasonWords,
  ineligibleReasonWords,
  outcomeWords,
  permissionSetName,
  type Words,
} from '@app/words';
import { useSpeech, useText } from '../language/language.js';
import { Ago } from '../ui/moment.js';
import { eventFacts, type AnyEvent, type EventFacts } from './event-facts.js';
import { eventTexts } from './texts.js';

/** What happened, each in a line: when, what, to whom, and where to see more. */
export function EventList({ events, hidesMerchant = false }: { events: readonly AnyEvent[]; hidesMerchant?: boolean }) {
  return (
    <ul className="event-list">
      {events.map((event) => (
        <li key={event.id}>
          <EventLine facts={eventFacts(event)} hidesMerchant={hidesMerchant} />
        </li>
      ))}
    </ul>
  );
}

function EventLine({ facts, hidesMerchant }: { facts: EventFacts; hidesMerchant: boolean }) {
  const t = useText();
  const { type, at, platform, merchant, deletion, takedown, endpoint } = facts;
  const words = wordsIn(eventTypeWords, type);
  const detail = useDetail(facts);
  return (
    <>
      <span className="soft">
        <Ago at={at} />
      </span>
      <span>
        {words ? t(words) : type}
        {detail && <span className="soft"> · {detail}</span>}
        {merchant && !hidesMerchant && (
          <>
            {' · '}
            <Link to="/merchants/$appid" params={{ appid: merchant }} search={{ component_appid: platform }}>
              <span className="code">{merchant}</span>
            </Link>
          </>
        )}
        {platform && !merchant && (
          <>
            {' · '}
            <Link to="/settings/platforms/$appid" params={{ appid: platform }}>
              <span className="code">{platform}</span>
            </Link>
          </>
        )}
        {deletion && (
          <>
            {' · '}
            <Link to="/deletions/$id" params={{ id: deletion }}>
              {t(eventTexts.deletion)}
            </Link>
          </>
        )}
        {takedown && (
          <>
            {' · '}
            <Link to="/takedowns/$id" params={{ id: takedown }}>
              {t(eventTexts.takedown)}
            </Link>
          </>
        )}
        {endpoint && (
          <>
            {' · '}
            <Link to="/settings/webhooks/$id" params={{ id: endpoint }}>
              {t(eventTexts.endpoint)}
            </Link>
          </>
        )}
      </span>
    </>
  );
}

/** Deletions need this set. */
const MASS_AND_NOTIFICATION = 7;

/** The why of an event. */
function useDetail({ permissionSets, reasons, outcome, errcode, holdReason, type }: EventFacts): string | undefined {
  const { t, language } = useSpeech();
  const say = (words: Words | undefined, code: string) => (words ? words[language] : code);
  if (permissionSets && permissionSets.length > 0) {
    const has = permissionSets.includes(MASS_AND_NOTIFICATION);
    return t(has ? eventTexts.withSet : eventTexts.withoutSet, {
      name: permissionSetName(MASS_AND_NOTIFICATION)[language],
    });
  }
  if (reasons?.length === 0) return t(eventTexts.nowEligible);
  if (reasons) return reasons.map((reason) => say(wordsIn(ineligibleReasonWords, reason), reason)).join(' ');
  if (holdReason) return say(wordsIn(holdReasonWords, holdReason), holdReason);
  if (type !== 'deletion.failed') return undefined;
  if (errcode) return `${say(errcodeWords[errcode], '')} ${errcode}`.trim();
  return outcome && say(wordsIn({ ...outcomeWords, ...ineligibleReasonWords, ...holdReasonWords }, outcome), outcome);
}

/** A newer api may tell of what has no words here. */
const wordsIn = (words: Readonly<Record<string, Words>>, code: string): Words | undefined => words[code];
