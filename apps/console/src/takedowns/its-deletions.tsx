import { Link } from '@tanstack/react-router';
import type { Deletion, Takedown } from '@app/client';
import {
  deletionStateWords,
  holdReasonWords,
  ineligibleReasonWords,
  outcomeWords,
  waitingForWords,
  type Words,
} from '@app/words';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { Moment, QuotaMoment } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { DeletionState } from '../ui/states.js';
import { StateFilter } from './state-filter.js';
import { takedownTexts } from './texts.js';

/** Its deletions, those included that were open or done before. */
export function ItsDeletions({ takedown: { id, counts } }: { takedown: Takedown }) {
  const t = useText();
  const [{ state }, change] = useFilters('state');
  const columns: Column<Deletion>[] = [
    {
      key: 'target',
      title: t(takedownTexts.target),
      width: 'minmax(0, 2fr)',
      cell: (one) => <Target deletion={one} />,
    },
    {
      key: 'state',
      title: t(takedownTexts.state),
      width: '110px',
      cell: ({ state }) => <DeletionState state={state} />,
    },
    { key: 'note', title: t(takedownTexts.note), width: 'minmax(0, 2fr)', cell: (one) => <Note deletion={one} /> },
  ];
  return (
    <div className="no-print">
      <Section title={t(takedownTexts.its)}>
        <StateFilter words={deletionStateWords} counts={counts} value={state} onChange={(state) => change({ state })} />
        <Rows
          key={state ?? ''}
          queryKey={['takedowns', id, 'deletions', state]}
          read={(page, signal) =>
            retract.takedowns.listDeletions(
              id,
              { ...(state && { state: state as Deletion['state'] }), ...page },
              { signal },
            )
          }
          columns={columns}
          idOf={({ id }) => id}
          label={t(takedownTexts.its)}
          empty={<Empty title={t(state === undefined ? takedownTexts.noDeletions : takedownTexts.noneInState)} />}
        />
      </Section>
    </div>
  );
}

function Target({ deletion }: { deletion: Deletion }) {
  const t = useText();
  const { id, merchant, msg_id, title } = deletion;
  return (
    <>
      <Link to="/deletions/$id" params={{ id }}>
        {title === undefined ? partOf(deletion, t) : `${title} · ${partOf(deletion, t)}`}
      </Link>
      <div className="soft code">
        <Link to="/merchants/$appid" params={{ appid: merchant }}>
          {merchant}
        </Link>
        {msg_id !== null && ` · ${msg_id}`}
      </div>
    </>
  );
}

export function partOf({ whole_message, article_idx, url }: Deletion, t: ReturnType<typeof useText>): string {
  if (whole_message) return t(takedownTexts.whole);
  if (article_idx !== null) return t(takedownTexts.articleNo, { n: article_idx });
  return url ?? t(takedownTexts.link);
}

/** What it waits for, or how it came out. */
function Note({ deletion }: { deletion: Deletion }) {
  const t = useText();
  const { waiting_for, waiting_until, outcome, finished_at } = deletion;
  if (waiting_for !== null)
    return (
      <>
        {t(waitingForWords[waiting_for])}{' '}
        {waiting_until !== null &&
          (waiting_for === 'daily_quota' ? <QuotaMoment at={waiting_until} /> : <Moment at={waiting_until} />)}
      </>
    );
  if (outcome === null) return null;
  const words = outcomeOf(outcome.code);
  const code = [outcome.errcode, outcome.rid && `rid ${outcome.rid}`].filter(Boolean).join(' · ');
  return (
    <>
      {words ? t(words) : outcome.code}
      <div className="soft">
        {finished_at !== null && <Moment at={finished_at} />} {code !== '' && <span className="code">{code}</span>}
      </div>
    </>
  );
}

export const outcomeOf = (code: string): Words | undefined =>
  (({ ...holdReasonWords, ...ineligibleReasonWords, ...outcomeWords }) as Record<string, Words>)[code];
