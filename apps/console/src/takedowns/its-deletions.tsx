import { Link } from '@tanstack/react-router';
import type { Deletion, Takedown, TakedownsListDeletionsData } from '@app/client';
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
import { MerchantField } from '../ui/fields/merchant-field.js';
import { ChoiceField, FilterBar } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { Moment, QuotaMoment } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { DeletionState } from '../ui/states.js';
import { wasGone } from './progress.js';
import { StateFilter } from './state-filter.js';
import { takedownTexts } from './texts.js';

const OUTCOMES: Readonly<Record<string, Words>> = { ...outcomeWords, ...ineligibleReasonWords, ...holdReasonWords };
const FILTERS = ['state', 'waiting_for', 'outcome', 'merchant', 'component_appid'] as const;
type Query = NonNullable<TakedownsListDeletionsData['query']>;

/** Its deletions, those included that were open or done before. */
export function ItsDeletions({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const { id, counts } = takedown;
  const [filters, change] = useFilters(...FILTERS);
  const { state, waiting_for, outcome } = filters;
  const isFiltered = Object.keys(filters).length > 0;
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
    {
      key: 'note',
      title: t(takedownTexts.note),
      width: 'minmax(0, 2fr)',
      cell: (one) => <Note deletion={one} takedown={takedown} />,
    },
  ];
  return (
    <div className="no-print">
      <Section title={t(takedownTexts.its)}>
        <StateFilter words={deletionStateWords} counts={counts} value={state} onChange={(state) => change({ state })} />
        <FilterBar filters={filters} change={change}>
          <ChoiceField
            label={t(takedownTexts.why)}
            value={waiting_for ?? outcome}
            choices={WHY.map(([value, words]) => ({ value, text: t(words) }))}
            onChange={(code) => change(whyOf(code))}
          />
          <MerchantField
            label={t(takedownTexts.merchant)}
            hint={t(takedownTexts.merchantHint)}
            value={filters.merchant}
            onChange={(merchant) => change({ merchant, component_appid: undefined })}
          />
        </FilterBar>
        <Rows
          key={JSON.stringify(filters)}
          queryKey={['takedowns', id, 'deletions', filters]}
          read={(page, signal) => retract.takedowns.listDeletions(id, { ...(filters as Query), ...page }, { signal })}
          columns={columns}
          idOf={({ id }) => id}
          label={t(takedownTexts.its)}
          empty={<Empty title={t(isFiltered ? takedownTexts.noneFits : takedownTexts.noDeletions)} />}
        />
      </Section>
    </div>
  );
}

/** Why it waits, or how it ended: a code is of one or of the other. */
const WHY = Object.entries({ ...waitingForWords, ...OUTCOMES });

const whyOf = (code: string | undefined) => ({
  waiting_for: code !== undefined && code in waitingForWords ? code : undefined,
  outcome: code !== undefined && code in OUTCOMES ? code : undefined,
});

function Target({ deletion }: { deletion: Deletion }) {
  const t = useText();
  const { id, merchant, msg_id } = deletion;
  return (
    <>
      <Link to="/deletions/$id" params={{ id }}>
        {targetOf(deletion, t)}
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

/** By its title, where that is known. */
export const targetOf = (deletion: Deletion, t: ReturnType<typeof useText>): string =>
  [...(deletion.title === undefined ? [] : [deletion.title]), partOf(deletion, t)].join(' · ');

function partOf({ whole_message, article_idx, url }: Deletion, t: ReturnType<typeof useText>): string {
  if (whole_message) return t(takedownTexts.whole);
  if (article_idx !== null) return t(takedownTexts.articleNo, { n: article_idx });
  return url ?? t(takedownTexts.link);
}

/** What it waits for, or how it came out. */
function Note({ deletion, takedown }: { deletion: Deletion; takedown: Takedown }) {
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
      {wasGone(deletion, takedown) && <div>{t(takedownTexts.wasGone)}</div>}
      <div className="soft">
        {finished_at !== null && <Moment at={finished_at} />} {code !== '' && <span className="code">{code}</span>}
      </div>
    </>
  );
}

export const outcomeOf = (code: string): Words | undefined => OUTCOMES[code];
