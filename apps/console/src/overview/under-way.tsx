import { Link } from '@tanstack/react-router';
import type { Overview } from '@app/client';
import { useText } from '../language/language.js';
import { Moment } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { StatesBar, TakedownState } from '../ui/states.js';
import { overviewTexts } from './texts.js';

type UnderWay = Overview['takedowns'][number];

export function TakedownsUnderWay({ takedowns }: { takedowns: readonly UnderWay[] }) {
  const t = useText();
  return (
    <Section title={t(overviewTexts.takedowns)} actions={<Link to="/takedowns">{t(overviewTexts.allTakedowns)}</Link>}>
      {takedowns.length === 0 ? (
        <p className="soft">{t(overviewTexts.noTakedown)}</p>
      ) : (
        <ul className="stack">
          {takedowns.map((takedown) => (
            <Line key={takedown.id} takedown={takedown} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Line({ takedown }: { takedown: UnderWay }) {
  const t = useText();
  const { id, state, reason, counts, eta, undo_until, ended_last_minute: rate } = takedown;
  return (
    <li className="stack">
      <p>
        <TakedownState state={state} />{' '}
        <Link to="/takedowns/$id" params={{ id }}>
          {reason ?? `${t(overviewTexts.takedown)} ${id.slice(-12)}`}
        </Link>
      </p>
      {counts && <StatesBar counts={counts} />}
      <p className="soft">
        {t(overviewTexts.perMinute, { count: rate })}
        {state === 'pending' && undo_until && (
          <>
            {' '}
            · {t(overviewTexts.undoUntil)} <Moment at={undo_until} />
          </>
        )}
        {eta && (
          <>
            {' '}
            · {t(overviewTexts.doneBy)} <Moment at={eta} />
          </>
        )}
      </p>
    </li>
  );
}
