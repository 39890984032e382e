import { Link } from '@tanstack/react-router';
import { Tag } from 'tdesign-react';
import type { Overview } from '@app/client';
import { holdReasonWords, ineligibleReasonWords } from '@app/words';
import { useFormats, useText } from '../language/language.js';
import { Ago } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { Errcode } from '../ui/states.js';
import { overviewTexts } from './texts.js';

const TICKETS = {
  fresh: ['success', overviewTexts.ticketFresh],
  silent: ['warning', overviewTexts.ticketSilent],
  missing: ['danger', overviewTexts.ticketMissing],
} as const;

/** Each platform's ticket and hold. */
export function Platforms({ platforms }: Pick<Overview, 'platforms'>) {
  const t = useText();
  return (
    <Section title={t(overviewTexts.platforms)}>
      {platforms.length === 0 && (
        <p>
          {t(overviewTexts.noPlatform)} <Link to="/settings/platforms">{t(overviewTexts.mend.platforms)}</Link>
        </p>
      )}
      <ul className="stack">
        {platforms.map((platform) => (
          <PlatformLine key={platform.component_appid} platform={platform} />
        ))}
      </ul>
    </Section>
  );
}

function PlatformLine({ platform }: { platform: Overview['platforms'][number] }) {
  const t = useText();
  const { component_appid: appid, ticket_state, ticket_received_at, hold, merchants, eligible } = platform;
  const [theme, words] = TICKETS[ticket_state];
  return (
    <li>
      <p>
        <Link to="/settings/platforms/$appid" params={{ appid }}>
          <span className="code">{appid}</span>
        </Link>{' '}
        · {t(overviewTexts.eligibleOf, { eligible, total: merchants })}
      </p>
      <p>
        <Tag theme={theme} variant="light-outline">
          {t(words)}
        </Tag>{' '}
        {ticket_received_at && (
          <span className="soft">
            {t(overviewTexts.received)} <Ago at={ticket_received_at} />
          </span>
        )}{' '}
        <Tag theme={hold ? 'danger' : 'success'} variant="light-outline">
          {t(hold ? overviewTexts.held : overviewTexts.notHeld)}
        </Tag>
      </p>
      {hold && (
        <p>
          {t(holdReasonWords[hold.reason])} ·{' '}
          {hold.errcode !== null && (
            <>
              <Errcode errcode={hold.errcode} /> ·{' '}
            </>
          )}
          <span className="soft">
            {t(overviewTexts.since)} <Ago at={hold.since} />
          </span>
        </p>
      )}
    </li>
  );
}

/** How many can be served, and why others cannot. */
export function MerchantCounts({ merchants }: Pick<Overview, 'merchants'>) {
  const t = useText();
  const formats = useFormats();
  const { total, eligible, facts_unknown, ineligible } = merchants;
  const reasons = (Object.keys(ineligible) as (keyof typeof ineligible)[])
    .filter((reason) => ineligible[reason] > 0)
    .sort((a, b) => ineligible[b] - ineligible[a]);
  return (
    <Section title={t(overviewTexts.merchants)}>
      {total === 0 ? (
        <p>
          {t(overviewTexts.noMerchant)} <Link to="/onboard">{t(overviewTexts.onboard)}</Link>
        </p>
      ) : (
        <p>
          <Link to="/merchants">{t(overviewTexts.eligibleOf, { eligible, total })}</Link>
        </p>
      )}
      {facts_unknown > 0 && (
        <dl className="counts">
          <div>
            <dt>
              <Link to="/merchants" search={{ facts_unknown: 'true' }}>
                {t(overviewTexts.factsUnknown)}
              </Link>
            </dt>
            <dd>{formats.number(facts_unknown)}</dd>
          </div>
        </dl>
      )}
      {reasons.length > 0 && (
        <>
          <h3>{t(overviewTexts.whyNot)}</h3>
          <dl className="counts">
            {reasons.map((reason) => (
              <div key={reason}>
                <dt>
                  <Link to="/merchants" search={{ reason }}>
                    {t(ineligibleReasonWords[reason])}
                  </Link>
                </dt>
                <dd>{formats.number(ineligible[reason])}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </Section>
  );
}
