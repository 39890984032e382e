import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { MassMessage } from '@app/client';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { changeDraft, changePicked, useDraft } from '../take-down/draft/kept.js';
import { searchedFor } from '../take-down/lines/links.js';
import { Button } from '../ui/button.js';
import { MomentInput } from '../ui/field.js';
import { FilterBar, SearchField } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { MerchantField } from '../ui/fields/merchant-field.js';
import { NeedsRole, PageHead } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { ImportSection } from './import-section.js';
import { ArticlesCell, MessageCell, SentCell } from './message-cells.js';
import { MerchantCell } from '../ui/merchant-name.js';
import { PickAll } from './pick-all.js';
import { countsOf, pickedOf, toggled, withAll, type Picked } from './picking.js';
import { messageTexts as texts } from './texts.js';
import './messages.css';

const FILTERS = ['q', 'label', 'merchant', 'component_appid', 'sent_after', 'sent_before'] as const;

const NOTHING: Picked = new Map();

/** What is picked stays in the wizard's draft, so that more can be picked later. */
const pick = (change: (before: Picked) => Picked): void =>
  changePicked((selected) => [...change(pickedOf(selected)).values()]);

/** The inventory: what merchants have sent, to be picked from and taken down. */
export function Page() {
  const t = useText();
  const mayTakeDown = useMay('operator');
  const [filters, change] = useFilters(...FILTERS);
  const draft = useDraft();
  const picked = useMemo(() => (mayTakeDown ? pickedOf(draft.picked) : NOTHING), [mayTakeDown, draft.picked]);
  const toggle = mayTakeDown
    ? (message: MassMessage, articleIdx: number) => pick((before) => toggled(before, message, articleIdx))
    : undefined;
  const columns: Column<MassMessage>[] = [
    {
      key: 'message',
      title: t(texts.message),
      width: 'minmax(0, 3fr)',
      cell: (message) => <MessageCell message={message} picked={picked} toggle={toggle} />,
    },
    {
      key: 'articles',
      title: t(texts.articles),
      width: 'minmax(0, 5fr)',
      cell: (message) => <ArticlesCell message={message} picked={picked} toggle={toggle} />,
    },
    {
      key: 'merchant',
      title: t(texts.merchant),
      width: 'minmax(0, 3fr)',
      cell: (message) => <MerchantCell of={message} />,
    },
    {
      key: 'sent',
      title: t(texts.sent),
      width: 'minmax(0, 2fr)',
      cell: (message) => <SentCell message={message} />,
    },
  ];
  const query = { ...filters, ...(filters.q && { q: searchedFor(filters.q) }) };
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <>
      <PageHead title={t(texts.title)} />
      <p className="soft">{t(texts.about)}</p>
      <FilterBar filters={filters} change={change}>
        <SearchField label={t(texts.search)} value={filters.q} onChange={(q) => change({ q })} />
        <SearchField label={t(texts.label)} value={filters.label} onChange={(label) => change({ label })} />
        <MerchantField
          label={t(texts.merchant)}
          hint={t(texts.merchantHint)}
          value={filters.merchant}
          onChange={(merchant) => change({ merchant, component_appid: undefined })}
        />
        <div className="moments">
          <MomentInput
            label={t(texts.sentAfter)}
            value={filters.sent_after ?? ''}
            onChange={(at) => change({ sent_after: at || undefined })}
          />
          <MomentInput
            label={t(texts.sentBefore)}
            value={filters.sent_before ?? ''}
            onChange={(at) => change({ sent_before: at || undefined })}
          />
        </div>
      </FilterBar>
      <ImportSection />
      {mayTakeDown ? (
        <details>
          <summary>{t(texts.pickAll)}</summary>
          <PickAll
            key={JSON.stringify(filters)}
            query={query}
            pick={(messages, articleIdx) => pick((before) => withAll(before, messages, articleIdx))}
          />
        </details>
      ) : (
        <div>
          {t(texts.toPick)} <NeedsRole role="operator" />
        </div>
      )}
      <Rows
        queryKey={['mass-messages', 'list', filters]}
        read={(page, signal) => retract.massMessages.list({ ...query, ...page }, { signal })}
        columns={columns}
        idOf={({ component_appid, merchant, msg_id }) => `${component_appid} ${merchant} ${msg_id}`}
        label={t(texts.title)}
        empty={isFiltered ? <Empty title={t(texts.noMatch)} /> : <NoMessage />}
      />
      <PickedBar picked={picked} clear={() => pick(() => NOTHING)} />
    </>
  );
}

function NoMessage() {
  const t = useText();
  return (
    <Empty title={t(texts.none)}>
      <p>{t(texts.noneHow)}</p>
    </Empty>
  );
}

/** How much is picked, and the way on; it stays in sight. */
function PickedBar({ picked, clear }: { picked: Picked; clear: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  if (picked.size === 0) return null;
  const takeDown = () => {
    changeDraft({ source: 'picked', step: 'what' });
    void navigate({ to: '/take-down' });
  };
  return (
    <div className="picked-bar" role="region" aria-label={t(texts.pickedLabel)}>
      <span role="status">{t(texts.picked, countsOf(picked))}</span>
      <Button variant="outline" onClick={clear}>
        {t(texts.clear)}
      </Button>
      <Button theme="danger" onClick={takeDown}>
        {t(texts.takeDown)}
      </Button>
      <span className="soft">{t(texts.nextIsDryRun)}</span>
    </div>
  );
}
