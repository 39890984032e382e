import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Tag } from 'tdesign-react';
import { checkStateWords, checkWords, findingWords, remedyWords, type Words } from '@app/words';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Copyable } from '../ui/copy.js';
import { Fault } from '../ui/fault.js';
import { Ago, Moment } from '../ui/moment.js';
import { NeedsRole, Section } from '../ui/page.js';
import { Errcode } from '../ui/states.js';
import { byUrgency, factOf, type Check } from './findings.js';
import { platformTexts } from './texts.js';

/** Says what keeps the platform from working, and what mends it. */
export function Doctor({ appid }: { appid: string }) {
  const t = useText();
  const mayExamine = useMay('operator');
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: async () => ({ ...(await retract.platforms.examine(appid)), at: new Date().toISOString() }),
  });
  const failed = data?.checks.filter(({ state }) => state === 'failed').length ?? 0;
  return (
    <Section
      title={t(platformTexts.doctor)}
      actions={
        mayExamine && (
          <Button loading={isPending} onClick={() => mutate()}>
            {t(platformTexts.examine)}
          </Button>
        )
      }
    >
      {!data && <p className="soft">{t(platformTexts.doctorLead)}</p>}
      {!mayExamine && <NeedsRole role="operator" />}
      {error && <Fault error={error} />}
      <p role="status">
        {data && (
          <>
            <b>{failed > 0 ? t(platformTexts.needCare, { count: failed }) : t(platformTexts.allWell)}</b>{' '}
            <span className="soft">
              {t(platformTexts.examinedAt)} <Ago at={data.at} />
            </span>
          </>
        )}
      </p>
      {data && (
        <ul className="checks" aria-label={t(platformTexts.doctor)}>
          {byUrgency(data.checks).map((check, i, all) => (
            <Finding key={check.name} check={check} isFirst={all.findIndex(({ code }) => code === check.code) === i} />
          ))}
        </ul>
      )}
    </Section>
  );
}

const THEMES = { ok: 'success', failed: 'danger', unknown: 'default' } as const;

/** @param isFirst with this code: what mends it is said once */
function Finding({ check, isFirst }: { check: Check; isFirst: boolean }) {
  const t = useText();
  const found = (findingWords as Readonly<Record<string, Words>>)[check.code];
  const remedy = isFirst && check.state === 'failed' && (remedyWords as Readonly<Record<string, Words>>)[check.code];
  return (
    <li className={`finding is-${check.state}`}>
      <Tag theme={THEMES[check.state]} variant="light-outline">
        {t(checkStateWords[check.state])}
      </Tag>
      <div>
        <p>
          <b>{t(checkWords[check.name])}</b>: {found && t(found)} <FactOf check={check} />{' '}
          <span className="soft code">{check.code}</span>
        </p>
        {remedy && <p>→ {t(remedy)}</p>}
        {check.name === 'merchants' && check.code !== 'all_eligible' && check.code !== 'no_merchants' && (
          <Link to="/merchants" search={{ eligible: 'false' }}>
            {t(platformTexts.toMerchants)}
          </Link>
        )}
      </div>
    </li>
  );
}

function FactOf({ check }: { check: Check }) {
  const t = useText();
  const formats = useFormats();
  const fact = factOf(check);
  switch (fact?.kind) {
    case 'last':
      return <Moment at={fact.at} />;
    case 'address':
      return <Copyable text={fact.ip} />;
    case 'errcode':
      return <Errcode errcode={fact.errcode} />;
    case 'clock':
      if (check.state === 'ok') return null;
      return t(fact.isAhead ? platformTexts.ahead : platformTexts.behind, { time: formats.duration(fact.ms) });
    case 'lists':
      return t(platformTexts.lists, fact);
    case 'merchants':
      return t(platformTexts.served, fact);
    case undefined:
      return null;
  }
}
