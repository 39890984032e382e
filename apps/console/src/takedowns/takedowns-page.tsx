import './takedowns.css';
import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { Takedown } from '@app/client';
import { takedownStateWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { Ago } from '../ui/moment.js';
import { PageHead } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { TakedownState } from '../ui/states.js';
import { progressOf } from './progress.js';
import { takedownTexts } from './texts.js';
import { StateFilter } from './state-filter.js';

export function Page() {
  const t = useText();
  const [{ state }, change] = useFilters('state');
  const columns: Column<Takedown>[] = [
    { key: 'reason', title: t(takedownTexts.reason), width: 'minmax(0, 2fr)', cell: (one) => <What takedown={one} /> },
    {
      key: 'state',
      title: t(takedownTexts.state),
      width: 'minmax(0, 1fr)',
      cell: ({ state }) => <TakedownState state={state} />,
    },
    {
      key: 'progress',
      title: t(takedownTexts.progress),
      width: 'minmax(0, 1fr)',
      cell: (one) => <RowProgress takedown={one} />,
    },
    {
      key: 'asked',
      title: t(takedownTexts.asked),
      width: 'minmax(0, 1fr)',
      cell: ({ created_at, requested_by }) => (
        <>
          <Ago at={created_at} />
          <div className="soft">{requested_by.name}</div>
        </>
      ),
    },
  ];
  return (
    <>
      <PageHead title={t(takedownTexts.title)} />
      <StateFilter words={takedownStateWords} value={state} onChange={(state) => change({ state })} />
      <Rows
        key={state ?? ''}
        queryKey={['takedowns', 'list', state]}
        read={(page, signal) =>
          retract.takedowns.list({ ...(state && { state: state as Takedown['state'] }), ...page }, { signal })
        }
        columns={columns}
        idOf={({ id }) => id}
        label={t(takedownTexts.title)}
        empty={<None isFiltered={state !== undefined} onAll={() => change({ state: undefined })} />}
      />
    </>
  );
}

function None({ isFiltered, onAll }: { isFiltered: boolean; onAll: () => void }) {
  const t = useText();
  const isOperator = useMay('operator');
  if (isFiltered)
    return (
      <Empty title={t(takedownTexts.emptyOfState)}>
        <Button variant="outline" onClick={onAll}>
          {t(takedownTexts.showAll)}
        </Button>
      </Empty>
    );
  return (
    <Empty title={t(takedownTexts.empty)}>
      {isOperator && (
        <p>
          <Link to="/take-down">{t(takedownTexts.emptyHint)}</Link>
        </p>
      )}
    </Empty>
  );
}

function What({ takedown: { id, reason, priority } }: { takedown: Takedown }) {
  const t = useText();
  return (
    <>
      <Link to="/takedowns/$id" params={{ id }}>
        {reason ?? t(takedownTexts.noReason)}
      </Link>
      {priority === 'urgent' && <b className="urgent"> {t(takedownTexts.urgent)}</b>}
      <div className="soft code">{id}</div>
    </>
  );
}

/** Lists do not count: of a takedown that is under way, it is asked for by itself. */
function RowProgress({ takedown }: { takedown: Takedown }) {
  const t = useText();
  const formats = useFormats();
  const { data } = useQuery({
    queryKey: ['takedowns', takedown.id],
    queryFn: ({ signal }) => retract.takedowns.get(takedown.id, { signal }),
    enabled: takedown.finished_at === null,
  });
  const { accepted, already_open, already_deleted } = takedown;
  const counts = takedown.finished_at === null ? data?.counts : undefined;
  if (!counts) return formats.number(accepted + already_open + already_deleted);
  const { ended, all, failed } = progressOf(counts);
  return (
    <>
      {t(takedownTexts.doneOf, { done: ended, all })}
      {failed > 0 && <div className="is-failed">{t(takedownTexts.failedOf, { count: failed })}</div>}
    </>
  );
}
