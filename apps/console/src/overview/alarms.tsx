import { Link } from '@tanstack/react-router';
import { Alert } from 'tdesign-react';
import type { Alarm } from '@app/client';
import { alarmWords, holdReasonWords, type Words } from '@app/words';
import { addressOf } from '../api/retract.js';
import { useSpeech, useText } from '../language/language.js';
import { fill, type Value } from '../language/text.js';
import { Ago } from '../ui/moment.js';
import { Errcode } from '../ui/states.js';
import { alarmTarget, namedBy } from './alarm-target.js';
import { overviewTexts } from './texts.js';

const THEMES = { critical: 'error', warning: 'warning', notice: 'info' } as const;

/** Is all well? And if not: what, since when, and where it is mended. */
export function Alarms({ alarms }: { alarms: readonly Alarm[] }) {
  const t = useText();
  if (alarms.length === 0) return <Alert theme="success" message={<b>{t(overviewTexts.allWell)}</b>} />;
  return (
    <section className="stack" aria-labelledby="to-do">
      <h2 id="to-do">
        {alarms.length === 1 ? t(overviewTexts.oneToDo) : t(overviewTexts.toDo, { count: alarms.length })}
      </h2>
      <ul className="stack">
        {alarms.map((alarm) => (
          <li key={`${alarm.code} ${alarm.subject.type} ${alarm.subject.id}`}>
            <Alert theme={THEMES[alarm.severity]} message={<AlarmLine alarm={alarm} />} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function AlarmLine({ alarm }: { alarm: Alarm }) {
  const { t, language } = useSpeech();
  const { code, count, facts, since } = alarm;
  const values: Record<string, Value> = { count };
  for (const [name, value] of Object.entries(facts))
    if (typeof value === 'string' || typeof value === 'number') values[name] = value;
  const words: Words | undefined = alarmWords[code];
  const reason: Words | undefined =
    code === 'platform_held' ? holdReasonWords[facts['reason'] as keyof typeof holdReasonWords] : undefined;
  return (
    <>
      <p>
        <b>{words ? fill(words[language], values, language) : code}</b> <MendLink alarm={alarm} />
      </p>
      <p className="soft">
        {reason && <>{t(reason)} · </>}
        {typeof facts['errcode'] === 'number' && (
          <>
            <Errcode errcode={facts['errcode']} /> ·{' '}
          </>
        )}
        {since !== null && (
          <>
            {t(overviewTexts.since)} <Ago at={since} />
          </>
        )}
      </p>
      <Named merchants={namedBy(alarm)} of={count} />
    </>
  );
}

/** The merchants of an alarm, where no list has them and nobody else: each leads to its page. */
function Named({ merchants, of }: { merchants: readonly string[]; of: number }) {
  const t = useText();
  if (merchants.length === 0) return null;
  return (
    <p>
      {merchants.map((appid) => (
        <span key={appid}>
          <Link to="/merchants/$appid" params={{ appid }} className="code">
            {appid}
          </Link>{' '}
        </span>
      ))}
      {of > merchants.length && t(overviewTexts.andMore, { count: of - merchants.length })}
    </p>
  );
}

function MendLink({ alarm }: { alarm: Alarm }) {
  const t = useText();
  if (namedBy(alarm).length > 0) return null;
  const { mend, ...target } = alarmTarget(alarm);
  const words = t(overviewTexts.mend[mend]);
  if ('href' in target) return <a href={addressOf(target.href)}>{words}</a>;
  return <Link {...target}>{words}</Link>;
}
