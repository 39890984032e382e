import { Link, useParams } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { RetractError, type Merchant } from '@app/client';
import { eligibilityWarningWords, ineligibleReasonWords, waitingForWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useFormats, useText } from '../language/language.js';
import { useFilters } from '../ui/filters.js';
import { Loaded } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { PageHead } from '../ui/page.js';
import { MerchantFactsSection } from './merchant-facts.js';
import { GrantSection, ReauthorizeSection } from './merchant-grant.js';
import { EventsSection, LatestDeletions, LatestMessages } from './merchant-latest.js';
import { LimitsSection } from './merchant-limits.js';
import { TodaySection } from './merchant-today.js';
import { nameOf } from './standing.js';
import { merchantTexts } from './texts.js';

/** Why can it be served, or why not; and what is left of today. */
export function Page() {
  const t = useText();
  const { appid = '' }: { appid?: string } = useParams({ strict: false });
  const [{ component_appid }] = useFilters('component_appid');
  const query = useQuery({
    queryKey: ['merchants', 'one', appid, component_appid],
    queryFn: ({ signal }) => retract.merchants.get(appid, { ...(component_appid && { component_appid }) }, { signal }),
  });
  if (query.error instanceof RetractError && query.error.code === 'platform_required')
    return <PlatformChoice appid={appid} />;
  return (
    <>
      <PageHead title={query.data ? nameOf(query.data) : appid} />
      <Loaded query={query}>
        {(merchant) => (
          <>
            <Standing merchant={merchant} />
            <div className="stacks">
              <div>
                <TodaySection merchant={merchant} />
                <GrantSection merchant={merchant} />
                <LatestDeletions merchant={merchant} />
                <LatestMessages merchant={merchant} />
              </div>
              <div>
                {!merchant.eligible && <ReauthorizeSection merchant={merchant} />}
                <MerchantFactsSection merchant={merchant} />
                {merchant.eligible && <ReauthorizeSection merchant={merchant} />}
                <LimitsSection merchant={merchant} />
                <EventsSection merchant={merchant} />
              </div>
            </div>
          </>
        )}
      </Loaded>
      {query.isError && !query.data && <Link to="/merchants">{t(merchantTexts.allMerchants)}</Link>}
    </>
  );
}

/** The answer to "can it be served?", before everything else. */
function Standing({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const { ineligible_reasons: reasons, facts_unknown, eligibility_warnings: warnings } = merchant;
  const doubts = warnings.filter(({ code }) => code !== 'facts_unknown');
  return (
    <>
      {reasons.length > 0 ? (
        <Alert
          theme="error"
          title={t(merchantTexts.cannotBeServed)}
          message={
            <ul>
              {reasons.map((reason) => (
                <li key={reason}>
                  {t(ineligibleReasonWords[reason])} <span className="soft code">{reason}</span>
                </li>
              ))}
              <li>
                <Link to="." search hash="reauthorize">
                  {t(merchantTexts.toReauthorize)}
                </Link>
              </li>
            </ul>
          }
        />
      ) : facts_unknown ? (
        <Alert theme="warning" message={t(merchantTexts.factsAwaited)} />
      ) : (
        <Alert theme="success" message={t(merchantTexts.canBeServed)} />
      )}
      {doubts.map(({ code }) => (
        <Alert key={code} theme="warning" message={t(eligibilityWarningWords[code])} />
      ))}
      {merchant.token_conflict && <Conflict conflict={merchant.token_conflict} />}
    </>
  );
}

function Conflict({ conflict: { since, next_try_at } }: { conflict: NonNullable<Merchant['token_conflict']> }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  return (
    <Alert
      theme="error"
      title={t(waitingForWords.token_conflict)}
      message={
        <p>
          {t(merchantTexts.conflictSince, { time: formats.moment(since, now) })} {t(merchantTexts.conflictHow)}
          {next_try_at && (
            <>
              {' '}
              {t(merchantTexts.nextTry)} <Moment at={next_try_at} />
            </>
          )}
        </p>
      }
    />
  );
}

/** An account may have authorized several platforms, and an appid alone does not say which is meant. */
function PlatformChoice({ appid }: { appid: string }) {
  const t = useText();
  const query = useQuery({
    queryKey: ['merchants', 'of-account', appid],
    queryFn: async ({ signal }) => await retract.merchants.list({ q: appid }, { signal }),
  });
  return (
    <>
      <PageHead title={appid} />
      <p>{t(merchantTexts.chooseOne)}</p>
      <Loaded query={query}>
        {({ data }) => (
          <ul>
            {data
              .filter((merchant) => merchant.appid === appid)
              .map(({ component_appid }) => (
                <li key={component_appid}>
                  <Link to="/merchants/$appid" params={{ appid }} search={{ component_appid }}>
                    {component_appid}
                  </Link>
                </li>
              ))}
          </ul>
        )}
      </Loaded>
    </>
  );
}
