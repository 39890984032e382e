import { Link } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Input } from 'tdesign-react';
import { useState } from 'react';
import type { AuthorizationLink, Platform } from '@app/client';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Copyable, Qr } from '../ui/copy.js';
import { Fault } from '../ui/fault.js';
import { Empty, Loaded } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { NeedsRole, PageHead, Section } from '../ui/page.js';
import { onboardTexts } from './texts.js';
import { Watch } from './watch.js';

/** From a link to a merchant who can be served, in one page that can stay open. */
export function Page() {
  const t = useText();
  const mayIssue = useMay('operator');
  const platforms = useQuery({
    queryKey: ['platforms', 'choices'],
    queryFn: ({ signal }) => retract.platforms.list({ signal }),
  });
  return (
    <>
      <PageHead title={t(onboardTexts.title)} />
      <p>{t(onboardTexts.lead)}</p>
      {mayIssue ? (
        <Loaded query={platforms}>
          {({ data }) => (data.length === 0 ? <NoPlatform /> : <Links platforms={data} />)}
        </Loaded>
      ) : (
        <NeedsRole role="operator" />
      )}
      <Watch />
    </>
  );
}

function NoPlatform() {
  const t = useText();
  return (
    <Empty title={t(onboardTexts.noPlatform)}>
      <p>{t(onboardTexts.noPlatformHow)}</p>
      <Link to="/settings/platforms">{t(onboardTexts.toPlatforms)}</Link>
    </Empty>
  );
}

const DAY_S = 86_400;
const DAYS = [1, 7, 30];

function Links({ platforms }: { platforms: readonly Platform[] }) {
  const t = useText();
  const [platform = '', setPlatform] = useState(platforms[0]?.component_appid);
  const [ref, setRef] = useState('');
  const [days, setDays] = useState(7);
  const [isSingleUse, setSingleUse] = useState(true);
  // It stays until the next one is there.
  const [issued, setIssued] = useState<AuthorizationLink>();
  const issue = useMutation({
    mutationFn: () =>
      retract.authorizationLinks.issue({
        platform,
        ref: ref.trim() || null,
        expires_in: days * DAY_S,
        single_use: isSingleUse,
      }),
    onSuccess: (link) => {
      setIssued(link);
      setRef('');
    },
  });
  return (
    <>
      <Section title={t(onboardTexts.makeLink)}>
        <form
          className="fields"
          onSubmit={(event) => {
            event.preventDefault();
            issue.mutate();
          }}
        >
          <label>
            {t(onboardTexts.ref)}
            <Input value={ref} onChange={setRef} maxlength={200} />
            <span className="soft cell-note">{t(onboardTexts.refHint)}</span>
          </label>
          {platforms.length > 1 && (
            <label>
              {t(onboardTexts.platform)}
              <select className="choice" value={platform} onChange={({ target }) => setPlatform(target.value)}>
                {platforms.map(({ component_appid }) => (
                  <option key={component_appid}>{component_appid}</option>
                ))}
              </select>
            </label>
          )}
          <label>
            {t(onboardTexts.goodFor)}
            <select className="choice" value={days} onChange={({ target }) => setDays(Number(target.value))}>
              {DAYS.map((days) => (
                <option key={days} value={days}>
                  {days === 1 ? t(onboardTexts.oneDay) : t(onboardTexts.days, { days })}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t(onboardTexts.uses)}
            <select
              className="choice"
              value={String(isSingleUse)}
              onChange={({ target }) => setSingleUse(target.value === 'true')}
            >
              <option value="true">{t(onboardTexts.once)}</option>
              <option value="false">{t(onboardTexts.often)}</option>
            </select>
          </label>
          <Button type="submit" loading={issue.isPending}>
            {t(issued ? onboardTexts.makeAnother : onboardTexts.make)}
          </Button>
        </form>
        {issue.isError && <Fault error={issue.error} />}
      </Section>
      {issued && <Issued link={issued} />}
    </>
  );
}

function Issued({ link: { url, ref, expires_at } }: { link: AuthorizationLink }) {
  const t = useText();
  return (
    <Section title={t(onboardTexts.send)}>
      <p role="status">
        {ref !== null && <b>{t(onboardTexts.withRef, { ref })} · </b>}
        {t(onboardTexts.goodUntil)} <Moment at={expires_at} /> · {t(onboardTexts.secret)}
      </p>
      <div className="two-ways">
        <div>
          <h3>{t(onboardTexts.onPhone)}</h3>
          <p>{t(onboardTexts.onPhoneHow)}</p>
          <Qr text={url} title={t(onboardTexts.qr)} />
        </div>
        <div>
          <h3>{t(onboardTexts.onComputer)}</h3>
          <p>{t(onboardTexts.onComputerHow)}</p>
          <Copyable text={url} />
        </div>
      </div>
      <p>{t(onboardTexts.keepSet7)}</p>
    </Section>
  );
}
