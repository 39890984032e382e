import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { Merchant } from '@app/client';
import { ineligibleReasonWords, merchantStateWords, type Words } from '@app/words';
import { addressOf, retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { ChoiceField, FilterBar, SearchField, type Choice } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { PageHead } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { AccountCell, LaneCell, MerchantName, QuotaBar, StandingCell } from './merchant-cells.js';
import {
  exportPath,
  filtersOfService,
  merchantFilterNames,
  queryOf,
  serviceOf,
  type MerchantFilters,
} from './merchant-filters.js';
import { merchantTexts } from './texts.js';

/** All merchants, what can be done for each, and how much of today is left to it. */
export function Page() {
  const t = useText();
  const [filters, change] = useFilters(...merchantFilterNames);
  const columns: Column<Merchant>[] = [
    {
      key: 'name',
      title: t(merchantTexts.merchant),
      width: 'minmax(0, 3fr)',
      cell: (merchant) => <MerchantName merchant={merchant} />,
    },
    {
      key: 'standing',
      title: t(merchantTexts.service),
      width: 'minmax(0, 4fr)',
      cell: (merchant) => <StandingCell merchant={merchant} />,
    },
    {
      key: 'quota',
      title: t(merchantTexts.quotaToday),
      width: 'minmax(0, 2fr)',
      cell: (merchant) => <QuotaBar merchant={merchant} />,
    },
    {
      key: 'lane',
      title: t(merchantTexts.lane),
      width: 'minmax(0, 2fr)',
      cell: (merchant) => <LaneCell merchant={merchant} />,
    },
    {
      key: 'account',
      title: t(merchantTexts.account),
      width: 'minmax(0, 2fr)',
      cell: (merchant) => <AccountCell merchant={merchant} />,
    },
  ];
  return (
    <>
      <PageHead title={t(merchantTexts.title)}>
        <a className="button" href={addressOf(exportPath(filters))} download>
          {t(merchantTexts.download)}
        </a>
        <OnboardLink />
      </PageHead>
      <Filters filters={filters} change={change} />
      <Rows
        queryKey={['merchants', 'list', filters]}
        read={(page, signal) => retract.merchants.list({ ...queryOf(filters), ...page }, { signal })}
        columns={columns}
        idOf={({ component_appid, appid }) => `${component_appid} ${appid}`}
        label={t(merchantTexts.title)}
        empty={<NoMerchant isFiltered={Object.keys(filters).length > 0} />}
      />
    </>
  );
}

type Change = (changes: Partial<Record<(typeof merchantFilterNames)[number], string | undefined>>) => void;

function Filters({ filters, change }: { filters: MerchantFilters; change: Change }) {
  const t = useText();
  const platforms = useQuery({
    queryKey: ['platforms', 'choices'],
    queryFn: ({ signal }) => retract.platforms.list({ signal }),
  });
  const choicesOf = (words: Record<string, Words>): Choice[] =>
    Object.entries(words).map(([value, { zh, en }]) => ({ value, text: t({ zh, en }) }));
  const appids = platforms.data?.data.map(({ component_appid }) => component_appid) ?? [];
  return (
    <FilterBar filters={filters} change={change}>
      <SearchField label={t(merchantTexts.search)} value={filters.q} onChange={(q) => change({ q })} />
      <ChoiceField
        label={t(merchantTexts.service)}
        value={serviceOf(filters)}
        choices={choicesOf({
          eligible: merchantTexts.eligible,
          ineligible: merchantTexts.ineligible,
          unknown: merchantTexts.unknown,
        })}
        onChange={(service) => change(filtersOfService(service))}
      />
      <ChoiceField
        label={t(merchantTexts.reason)}
        value={filters.reason}
        choices={choicesOf(ineligibleReasonWords)}
        onChange={(reason) => change({ reason })}
      />
      <ChoiceField
        label={t(merchantTexts.state)}
        value={filters.state}
        choices={choicesOf(merchantStateWords)}
        onChange={(state) => change({ state })}
      />
      {(appids.length > 1 || filters.component_appid !== undefined) && (
        <ChoiceField
          label={t(merchantTexts.platform)}
          value={filters.component_appid}
          choices={appids.map((value) => ({ value, text: value }))}
          onChange={(component_appid) => change({ component_appid })}
        />
      )}
    </FilterBar>
  );
}

function OnboardLink() {
  const t = useText();
  if (!useMay('operator')) return null;
  return (
    <Link to="/onboard" className="button is-main">
      {t(merchantTexts.onboard)}
    </Link>
  );
}

function NoMerchant({ isFiltered }: { isFiltered: boolean }) {
  const t = useText();
  if (isFiltered) return <Empty title={t(merchantTexts.noMatch)} />;
  return (
    <Empty title={t(merchantTexts.none)}>
      <p>{t(merchantTexts.noneHow)}</p>
      <OnboardLink />
    </Empty>
  );
}
