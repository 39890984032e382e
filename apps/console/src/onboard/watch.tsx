import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { useState } from 'react';
import type { Event } from '@app/client';
import { ineligibleReasonWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Fault } from '../ui/fault.js';
import { Loaded } from '../ui/loaded.js';
import { Ago } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { authorizationsIn, type Authorization } from './authorizations.js';
import { onboardTexts } from './texts.js';

const ASKED_AGAIN_MS = 2_000;

/** Whoever authorizes while this page is open. */
export function Watch() {
  const t = useText();
  const [opened] = useState(Date.now);
  const begin = useQuery({
    queryKey: ['events', 'onboarding began', opened],
    queryFn: ({ signal }) => retract.events.list({ cursor: 'latest', limit: 1 }, { signal }),
    // From another place on, what has come in since would be forgotten.
    staleTime: 'static',
  });
  const cursor = begin.data?.next_cursor;
  const query = useQuery({
    queryKey: ['events', 'authorizations', cursor],
    queryFn: ({ signal }) => eventsSince(cursor, signal),
    enabled: cursor !== undefined,
  });
  const failed = [begin, query].find(({ isError }) => isError);
  return (
    <Section title={t(onboardTexts.watch)}>
      <p className="soft watching">
        <span className="dot is-going" aria-hidden="true" /> {t(onboardTexts.watching)}
      </p>
      <div role="status">
        <ul className="stack">
          {authorizationsIn(query.data ?? []).map((authorization) => (
            <li key={`${authorization.platform} ${authorization.merchant} ${authorization.at}`}>
              <Authorized authorization={authorization} />
            </li>
          ))}
        </ul>
      </div>
      {failed && <Fault error={failed.error} onRetry={() => void failed.refetch()} />}
    </Section>
  );
}

async function eventsSince(cursor: string | undefined, signal: AbortSignal): Promise<Event[]> {
  const found: Event[] = [];
  let next = cursor;
  for (;;) {
    const page = await retract.events.list({ type: 'merchant.authorized', ...(next && { cursor: next }) }, { signal });
    found.push(...page.data);
    if (!page.has_more) return found;
    next = page.next_cursor;
  }
}

/** Of one who has just authorized, WeChat may still be asked what kind of account it is. */
function Authorized({ authorization: { at, platform, merchant: appid } }: { authorization: Authorization }) {
  const t = useText();
  const query = useQuery({
    queryKey: ['merchants', 'one', appid, platform],
    queryFn: ({ signal }) => retract.merchants.get(appid, { component_appid: platform }, { signal }),
    refetchInterval: ({ state: { data } }) => (data?.nick_name && !data.facts_unknown ? false : ASKED_AGAIN_MS),
  });
  return (
    <Loaded query={query}>
      {({ nick_name, ref, eligible, facts_unknown, ineligible_reasons: reasons }) => {
        const name = nick_name ?? appid;
        const outcome = !eligible
          ? onboardTexts.notYet
          : facts_unknown
            ? onboardTexts.factsAwaited
            : onboardTexts.allGood;
        return (
          <Alert
            theme={!eligible ? 'warning' : facts_unknown ? 'info' : 'success'}
            title={t(outcome, { name })}
            message={
              <>
                {reasons.map((reason) => (
                  <p key={reason}>{t(ineligibleReasonWords[reason])}</p>
                ))}
                <p>
                  {ref !== null && `${t(onboardTexts.withRef, { ref })} · `}
                  <Link to="/merchants/$appid" params={{ appid }} search={{ component_appid: platform }}>
                    {t(onboardTexts.open)}
                  </Link>{' '}
                  · <Ago at={at} />
                </p>
              </>
            }
          />
        );
      }}
    </Loaded>
  );
}
