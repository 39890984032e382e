import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Tag } from 'tdesign-react';
import { useState, type ReactNode } from 'react';
import type { AuditEvent, AuditVerification } from '@app/client';
import { auditActionWords, auditSubjectWords, roleNameWords } from '@app/words';
import { addressOf, retract } from '../api/retract.js';
import { isLimited, sessionQuery, useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Copyable } from '../ui/copy.js';
import { MomentInput } from '../ui/field.js';
import { ChoiceField, SearchField } from '../ui/filter-fields.js';
import { useFilters } from '../ui/filters.js';
import { Modal } from '../ui/form-dialog.js';
import { Empty, Loaded } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { Facts, NeedsRole, PageHead, Section } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { uiTexts } from '../ui/texts.js';
import { exportPath, FILTERS, pageOf, type AuditQuery } from './filters.js';
import { auditTexts } from './texts.js';

/** Names are found for so many keys; the others are told by their ids. */
const NAMED_KEYS = 200;

export function Page() {
  const t = useText();
  const isAdmin = useMay('admin');
  const [filters] = useFilters(...FILTERS);
  if (!isAdmin)
    return (
      <>
        <PageHead title={t(auditTexts.title)} />
        <NeedsRole role="admin" />
      </>
    );
  const query = filters as AuditQuery;
  return (
    <>
      <PageHead title={t(auditTexts.title)}>
        <a className="button" href={addressOf(exportPath(query, 'ndjson'))} download>
          {t(auditTexts.exportNdjson)}
        </a>
        <a className="button" href={addressOf(exportPath(query, 'csv'))} download>
          {t(auditTexts.exportCsv)}
        </a>
      </PageHead>
      <p className="soft">
        {t(auditTexts.lead)} {t(auditTexts.exportHint)}
      </p>
      <Verification />
      <Acts />
    </>
  );
}

/** The names of keys by their ids. */
function useKeyNames(): ReadonlyMap<string, string> {
  const { data } = useQuery({
    queryKey: ['api-keys', 'names'],
    queryFn: async ({ signal }) => await retract.apiKeys.list({ limit: NAMED_KEYS }, { signal }),
  });
  return new Map(data?.data.map(({ id, name }) => [id, name]));
}

function Acts() {
  const t = useText();
  const names = useKeyNames();
  const [filters, change] = useFilters(...FILTERS);
  const [looked, setLooked] = useState<AuditEvent>();
  const isFiltered = Object.keys(filters).length > 0;
  const columns: Column<AuditEvent>[] = [
    { key: 'at', title: t(auditTexts.at), width: 'minmax(0, 1fr)', cell: ({ at }) => <Moment at={at} /> },
    {
      key: 'what',
      title: t(auditTexts.what),
      width: 'minmax(0, 1.3fr)',
      cell: ({ action }) => (
        <>
          {t(auditActionWords[action])} <span className="soft code">{action}</span>
        </>
      ),
    },
    {
      key: 'subject',
      title: t(auditTexts.subject),
      width: 'minmax(0, 1.5fr)',
      cell: ({ subject }) => <Subject subject={subject} />,
    },
    {
      key: 'who',
      title: t(auditTexts.who),
      width: 'minmax(0, 1fr)',
      cell: ({ api_key_id, role }) => (
        <>
          {names.get(api_key_id) ?? <span className="code">{api_key_id}</span>}{' '}
          <span className="soft">{t(roleNameWords[role])}</span>
        </>
      ),
    },
    { key: 'ip', title: t(auditTexts.ip), width: 'minmax(0, 0.8fr)', cell: ({ ip }) => <code>{ip}</code> },
    {
      key: 'details',
      title: t(auditTexts.details),
      width: '84px',
      cell: (event) => (
        <Button
          size="small"
          variant="outline"
          aria-label={t(auditTexts.detailsOf, { seq: event.seq })}
          onClick={() => setLooked(event)}
        >
          {t(auditTexts.details)}
        </Button>
      ),
    },
  ];
  return (
    <>
      <div className="filters" role="group" aria-label={t(uiTexts.filters)}>
        <ChoiceField
          label={t(auditTexts.action)}
          value={filters.action}
          choices={Object.entries(auditActionWords).map(([value, words]) => ({ value, text: t(words) }))}
          onChange={(action) => change({ action })}
        />
        <ChoiceField
          label={t(auditTexts.key)}
          value={filters.api_key_id}
          choices={[...names].map(([value, text]) => ({ value, text }))}
          onChange={(api_key_id) => change({ api_key_id })}
        />
        <SearchField
          label={t(auditTexts.subjectId)}
          value={filters.subject}
          onChange={(subject) => change({ subject })}
        />
        <div className="moments">
          <MomentInput
            label={t(auditTexts.since)}
            value={filters.since ?? ''}
            onChange={(since) => change({ since: since || undefined })}
          />
          <MomentInput
            label={t(auditTexts.until)}
            value={filters.until ?? ''}
            onChange={(until) => change({ until: until || undefined })}
          />
        </div>
        {isFiltered && (
          <Button variant="text" onClick={() => change(Object.fromEntries(FILTERS.map((name) => [name, undefined])))}>
            {t(uiTexts.clearFilters)}
          </Button>
        )}
      </div>
      <Rows
        queryKey={['audit-events', filters]}
        read={async (page, signal) => await retract.auditEvents.list({ ...filters, ...page }, { signal })}
        columns={columns}
        idOf={({ seq }) => seq}
        label={t(auditTexts.title)}
        empty={
          <Empty title={t(auditTexts.none)}>
            <p>{t(isFiltered ? auditTexts.nothingFound : auditTexts.noneHint)}</p>
          </Empty>
        }
      />
      {looked && <Act event={looked} onClose={() => setLooked(undefined)} />}
    </>
  );
}

function Subject({ subject }: { subject: AuditEvent['subject'] }) {
  const t = useText();
  const page = pageOf(subject);
  return (
    <>
      {t(auditSubjectWords[subject.type])}{' '}
      <span className="code">{page === undefined ? subject.id : <Link to={page}>{subject.id}</Link>}</span>
    </>
  );
}

function Act({ event, onClose }: { event: AuditEvent; onClose: () => void }) {
  const t = useText();
  const code = (text: string | null): ReactNode => text && <span className="code">{text}</span>;
  return (
    <Modal title={`${t(auditActionWords[event.action])} · ${event.seq}`} onClose={onClose}>
      <div className="form">
        <Facts
          facts={[
            [t(auditTexts.at), <Moment key="at" at={event.at} />],
            [t(auditTexts.subject), <Subject key="subject" subject={event.subject} />],
            [t(auditTexts.platform), code(event.component_appid)],
            [t(auditTexts.merchant), code(event.authorizer_appid)],
            [t(auditTexts.key), code(event.api_key_id)],
            [t(auditTexts.request), code(event.request_id)],
            [t(auditTexts.hash), code(event.hash)],
            [t(auditTexts.previousHash), code(event.prev_hash)],
          ]}
        />
        <h3>{t(auditTexts.data)}</h3>
        <pre className="payload" tabIndex={0}>
          {JSON.stringify(event.data, undefined, 2)}
        </pre>
        <div className="form-end">
          <Button onClick={onClose}>{t(uiTexts.close)}</Button>
        </div>
      </div>
    </Modal>
  );
}

/** The chain is whole only for a key without limits. */
function Verification() {
  const t = useText();
  const session = useQuery(sessionQuery).data;
  const isWhole = session !== undefined && !isLimited(session);
  const query = useQuery({
    queryKey: ['audit-events', 'verification'],
    queryFn: ({ signal }) => retract.auditEvents.verify({ signal }),
    enabled: isWhole,
  });
  if (!isWhole) return null;
  return (
    <Section title={t(auditTexts.chain)}>
      <p>{t(auditTexts.chainLead)}</p>
      <Loaded query={query}>{(verdict) => <Verdict verdict={verdict} />}</Loaded>
    </Section>
  );
}

function Verdict({ verdict }: { verdict: AuditVerification }) {
  const t = useText();
  const { rows, whole, oldest, newest, broken_seq: seq, head, archived } = verdict;
  const isHeadSound = head === null || head.state === 'met' || head.state === 'unknown_key';
  return (
    <>
      <dl className="settings">
        <dt>{t(whole ? auditTexts.lookedAll : auditTexts.looked, { count: rows })}</dt>
        <dd>
          <Found isSound={seq === null}>{seq === null ? t(auditTexts.fits) : t(auditTexts.breaks, { seq })}</Found>{' '}
          {oldest && !whole && (
            <span className="soft">
              {t(auditTexts.since)} <Moment at={oldest.at} />
            </span>
          )}
        </dd>
        <dt>{t(auditTexts.noted)}</dt>
        <dd>
          {head === null ? (
            <span className="soft">{t(auditTexts.noHead)}</span>
          ) : (
            <>
              <Found isSound={isHeadSound}>{t(auditTexts.head[head.state])}</Found>{' '}
              <span className="soft">
                <Moment at={head.at} />
              </span>
            </>
          )}
        </dd>
        {archived && (
          <>
            <dt>{t(auditTexts.archived)}</dt>
            <dd>
              <Found isSound={archived.state !== 'forged'}>{t(auditTexts.archive[archived.state])}</Found>{' '}
              <span className="soft">
                {t(auditTexts.archivedRows, { count: archived.rows })} <Moment at={archived.up_to} />
              </span>
            </dd>
          </>
        )}
        {newest && (
          <>
            <dt>{t(auditTexts.newest, { seq: newest.seq })}</dt>
            <dd>
              <Copyable text={newest.hash} />
            </dd>
          </>
        )}
      </dl>
      {newest && (
        <>
          <p>{t(auditTexts.chainAll)}</p>
          <p>
            <Copyable text={`npm run verify-audit -- ${newest.hash}`} label="npm run verify-audit" />
          </p>
          <p className="soft">{t(auditTexts.chainNote)}</p>
        </>
      )}
    </>
  );
}

function Found({ isSound, children }: { isSound: boolean; children: ReactNode }) {
  return (
    <Tag theme={isSound ? 'success' : 'danger'} variant="light-outline">
      {children}
    </Tag>
  );
}
