import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { Alert } from 'tdesign-react';
import type { Deletion } from '@app/client';
import { proofWords } from '@app/words';
import { addressOf, retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Copyable } from '../ui/copy.js';
import { Loaded } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { Facts, PageHead, Section } from '../ui/page.js';
import { DeletionState } from '../ui/states.js';
import { DeletionActions } from './deletion-actions.js';
import { OutcomeWords, Wait } from './deletion-cells.js';
import { targetName, targetNumbers } from './deletion-target.js';
import { deletionTexts as texts } from './texts.js';
import { timelineOf } from './timeline.js';
import { TimelineList } from './timeline-list.js';
import './deletions.css';

type Search = Record<string, string | undefined>;

/** One deletion: how it stands, what happened to it call by call, and what can be done with it. */
export function Page() {
  const t = useText();
  const { id = '' }: { id?: string } = useParams({ strict: false });
  const search: Search = useSearch({ strict: false });
  const deletion = useQuery({
    queryKey: ['deletions', id],
    queryFn: ({ signal }) => retract.deletions.get(id, { signal }),
  });
  const title = deletion.data ? t(texts.one, { target: targetName(deletion.data, t) }) : t(texts.loadingOne);
  return (
    <>
      <PageHead title={title}>{deletion.data && <ProofLinks id={id} />}</PageHead>
      {search['instead_of'] && <Alert theme="info" message={t(texts.wasGone)} />}
      <Loaded query={deletion}>{(found) => <Found deletion={found} />}</Loaded>
    </>
  );
}

function ProofLinks({ id }: { id: string }) {
  const t = useText();
  return (
    <span className="proof-links">
      {t(texts.proof)}
      {(['json', 'ndjson', 'csv'] as const).map((format) => (
        <a
          key={format}
          className="button"
          href={addressOf(`/v1/deletions/${id}/proof?format=${format}`)}
          aria-label={`${t(texts.proof)} ${format.toUpperCase()}`}
          download
        >
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

function Found({ deletion }: { deletion: Deletion }) {
  const t = useText();
  const { id, merchant, component_appid } = deletion;
  const attempts = useQuery({
    // Each answer of WeChat changes the deletion as well.
    queryKey: ['deletions', id, 'attempts', deletion.attempts, deletion.state],
    queryFn: ({ signal }) => retract.deletions.attempts(id, { signal }),
    placeholderData: (before) => before,
  });
  const account = useQuery({
    queryKey: ['merchants', merchant, component_appid],
    queryFn: ({ signal }) => retract.merchants.get(merchant, { component_appid }, { signal }),
  });
  return (
    <>
      <Section title={t(texts.state)}>
        <Standing deletion={deletion} />
        {/* What can be done with one that failed hangs on its merchant. */}
        {!(deletion.state === 'failed' && account.isPending) && (
          <DeletionActions deletion={deletion} merchant={account.data} />
        )}
      </Section>
      <Section title={t(texts.stands)}>
        <Loaded query={attempts}>
          {({ data }) => <TimelineList deletion={deletion} entries={timelineOf(deletion, data)} />}
        </Loaded>
      </Section>
      <Section title={t(texts.facts)}>
        <Details deletion={deletion} />
      </Section>
    </>
  );
}

function Standing({ deletion }: { deletion: Deletion }) {
  const t = useText();
  const { state, outcome, proof, proof_note, eta } = deletion;
  const sends = (deletion.warnings ?? []).flatMap((warning) => warning.sends ?? []);
  return (
    <>
      <p className="deletion-standing">
        <DeletionState state={state} /> {outcome && state !== 'succeeded' && <OutcomeWords outcome={outcome} />}
        {proof !== 'none' && t(proofWords[proof])}
        <Wait deletion={deletion} />
        {!deletion.waiting_for && eta && (
          <>
            {t(texts.etaAt)} <Moment at={eta} />
          </>
        )}
      </p>
      {proof_note && <p className="soft">{proof_note}</p>}
      {sends.length > 0 && (
        <div role="note">
          <p className="is-attention">{t(texts.shared)}</p>
          <ul className="bullets">
            {sends.slice(0, SENDS_SHOWN).map(({ merchant, msg_id, article_idx }) => (
              <li key={`${msg_id} ${article_idx}`}>
                <Link to="/messages" search={{ q: msg_id, merchant }}>
                  {t(texts.sharedSend, { id: msg_id, number: article_idx })}
                </Link>
              </li>
            ))}
            {sends.length > SENDS_SHOWN && <li>{t(texts.moreSends, { count: sends.length - SENDS_SHOWN })}</li>}
          </ul>
        </div>
      )}
    </>
  );
}

const SENDS_SHOWN = 10;

function Details({ deletion }: { deletion: Deletion }) {
  const t = useText();
  const isAdmin = useMay('admin');
  const { msg_id, url, asked_url, takedown, reason, metadata, not_before, finished_at, requested_by } = deletion;
  const hidden = deletion.hidden && <span className="soft">{t(texts.hidden)}</span>;
  return (
    <Facts
      facts={[
        [t(texts.factReason), hidden ?? reason],
        [t(texts.factWho), hidden ?? requested_by?.name ?? requested_by?.id ?? t(texts.unknownKey)],
        [t(texts.factWhen), <Moment at={deletion.created_at} />],
        [t(texts.factEnd), finished_at && <Moment at={finished_at} />],
        [
          t(texts.factMerchant),
          <Link
            to="/merchants/$appid"
            params={{ appid: deletion.merchant }}
            search={{ component_appid: deletion.component_appid }}
          >
            {deletion.merchant_name ?? deletion.merchant}
          </Link>,
        ],
        [
          t(texts.factMessage),
          msg_id === null ? null : (
            <Link to="/messages" search={{ q: msg_id, merchant: deletion.merchant }}>
              {msg_id}
            </Link>
          ),
        ],
        [t(texts.factArticle), articleOf(deletion, t)],
        ...(url === null ? [] : [[t(texts.factUrl), <Outside url={url} />] as const]),
        ...(asked_url === undefined ? [] : [[t(texts.factAskedUrl), <Outside url={asked_url} />] as const]),
        [
          t(texts.takedown),
          takedown && (
            <Link to="/takedowns/$id" params={{ id: takedown }}>
              {takedown.slice(0, 8)}…
            </Link>
          ),
        ],
        [t(texts.factPriority), t(deletion.priority === 'urgent' ? texts.urgent : texts.normal)],
        ...(deletion.try_anyway ? [[t(texts.factAnyway), t(texts.yes)] as const] : []),
        ...(not_before === null ? [] : [[t(texts.scheduledFor), <Moment at={not_before} />] as const]),
        [t(texts.platform), <span className="code">{deletion.component_appid}</span>],
        [t(texts.factId), <Copyable text={deletion.id} />],
        ...(isAdmin
          ? [
              [
                t(texts.factAudit),
                <Link to="/settings/audit" search={{ subject: deletion.id }}>
                  {t(texts.seeAudit)}
                </Link>,
              ] as const,
            ]
          : []),
        ...Object.entries(metadata ?? {}).map(([name, value]) => [name, value] as const),
      ]}
    />
  );
}

function articleOf(deletion: Deletion, t: ReturnType<typeof useText>) {
  const { title, whole_message, article_idx } = deletion;
  const number = whole_message ? t(texts.wholeOf) : article_idx !== null && t(texts.number, { number: article_idx });
  return [title, number].filter(Boolean).join(' · ') || targetNumbers(deletion, t);
}

function Outside({ url }: { url: string }) {
  return (
    <a href={url} target="_blank" rel="noreferrer">
      {url}
    </a>
  );
}
