import { Link } from '@tanstack/react-router';
import type { Deletion } from '@app/client';
import { deletionStateWords, waitingForWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { MomentInput } from '../ui/field.js';
import { ChoiceField, FilterBar, SearchField } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { MerchantField } from '../ui/fields/merchant-field.js';
import { PageHead } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { AskedCell, StateCell, TargetCell } from './deletion-cells.js';
import { MerchantCell } from '../ui/merchant-name.js';
import { deletionFilterNames, queryOf, wrongAmong, type DeletionFilters } from './deletion-filters.js';
import { deletionTexts as texts } from './texts.js';
import './deletions.css';

const NAMES = {
  state: texts.state,
  waiting_for: texts.waitsFor,
  merchant: texts.merchant,
  component_appid: texts.platform,
  msg_id: texts.msgId,
  errcode: texts.errcode,
  takedown: texts.takedown,
  created_after: texts.after,
  created_before: texts.before,
  finished_after: texts.endedAfter,
  finished_before: texts.before,
} as const;

/** Filters that are asked for seldom. */
const MORE = [
  'waiting_for',
  'errcode',
  'created_after',
  'created_before',
  'finished_after',
  'finished_before',
  'takedown',
] as const;

/** Every deletion, newest first. */
export function Page() {
  const t = useText();
  const [filters, change] = useFilters(...deletionFilterNames);
  const columns: Column<Deletion>[] = [
    {
      key: 'target',
      title: t(texts.target),
      width: 'minmax(0, 4fr)',
      cell: (deletion) => <TargetCell deletion={deletion} />,
    },
    {
      key: 'merchant',
      title: t(texts.merchant),
      width: 'minmax(0, 3fr)',
      cell: (deletion) => <MerchantCell of={deletion} />,
    },
    {
      key: 'state',
      title: t(texts.state),
      width: 'minmax(0, 5fr)',
      cell: (deletion) => <StateCell deletion={deletion} />,
    },
    {
      key: 'asked',
      title: t(texts.asked),
      width: 'minmax(0, 2fr)',
      cell: (deletion) => <AskedCell deletion={deletion} />,
    },
  ];
  const [wrong] = wrongAmong(filters);
  return (
    <>
      <PageHead title={t(texts.title)} />
      <Filters filters={filters} change={change} />
      {wrong ? (
        <Empty title={t(texts.wrongFilter, { field: t(NAMES[wrong]), value: filters[wrong] ?? '' })} />
      ) : (
        <Rows
          queryKey={['deletions', 'list', filters]}
          read={(page, signal) => retract.deletions.list({ ...queryOf(filters), ...page }, { signal })}
          columns={columns}
          idOf={({ id }) => id}
          label={t(texts.title)}
          empty={<NoDeletion isFiltered={Object.keys(filters).length > 0} />}
        />
      )}
    </>
  );
}

function Filters({
  filters,
  change,
}: {
  filters: DeletionFilters;
  change: (changes: Record<string, string | undefined>) => void;
}) {
  const t = useText();
  // They stay closed where a link has set them: what was asked for is the list below.
  const set = MORE.filter((name) => filters[name] !== undefined).length;
  return (
    <FilterBar filters={filters} change={change}>
      <ChoiceField
        label={t(texts.state)}
        value={filters.state}
        choices={Object.entries(deletionStateWords).map(([value, words]) => ({ value, text: t(words) }))}
        onChange={(state) => change({ state })}
      />
      <MerchantField
        label={t(texts.merchant)}
        hint={t(texts.merchantHint)}
        value={filters.merchant}
        onChange={(merchant) => change({ merchant, component_appid: undefined })}
      />
      <SearchField label={t(texts.msgId)} value={filters.msg_id} onChange={(msg_id) => change({ msg_id })} />
      <details>
        <summary>{set > 0 ? t(texts.moreFiltersSet, { count: set }) : t(texts.moreFilters)}</summary>
        <div className="filters">
          <ChoiceField
            label={t(texts.waitsFor)}
            value={filters.waiting_for}
            choices={Object.entries(waitingForWords).map(([value, words]) => ({ value, text: t(words) }))}
            onChange={(waiting_for) => change({ waiting_for })}
          />
          <SearchField label={t(texts.errcode)} value={filters.errcode} onChange={(errcode) => change({ errcode })} />
          <div className="moments">
            <MomentInput
              label={t(texts.after)}
              value={filters.created_after ?? ''}
              onChange={(at) => change({ created_after: at || undefined })}
            />
            <MomentInput
              label={t(texts.before)}
              value={filters.created_before ?? ''}
              onChange={(at) => change({ created_before: at || undefined })}
            />
          </div>
          <div className="moments">
            <MomentInput
              label={t(texts.endedAfter)}
              value={filters.finished_after ?? ''}
              onChange={(at) => change({ finished_after: at || undefined })}
            />
            <MomentInput
              label={t(texts.before)}
              value={filters.finished_before ?? ''}
              onChange={(at) => change({ finished_before: at || undefined })}
            />
          </div>
          <SearchField
            label={t(texts.takedown)}
            value={filters.takedown}
            onChange={(takedown) => change({ takedown })}
          />
        </div>
      </details>
    </FilterBar>
  );
}

function NoDeletion({ isFiltered }: { isFiltered: boolean }) {
  const t = useText();
  const mayTakeDown = useMay('operator');
  if (isFiltered) return <Empty title={t(texts.noMatch)} />;
  return (
    <Empty title={t(texts.none)}>
      <p>{t(texts.noneHow)}</p>
      {mayTakeDown && <Link to="/take-down">{t(texts.takeDown)}</Link>}
    </Empty>
  );
}
