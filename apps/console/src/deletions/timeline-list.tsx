import type { Deletion } from '@app/client';
import { proofWords, type Words } from '@app/words';
import { useFormats, useText } from '../language/language.js';
import { QuotaMoment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { DeletionState, Errcode } from '../ui/states.js';
import { OutcomeWords, Wait } from './deletion-cells.js';
import { deletionTexts as texts } from './texts.js';
import type { Entry } from './timeline.js';

const BECAUSE: Record<Extract<Entry, { kind: 'waited' }>['because'], Words> = {
  lane: texts.lane,
  schedule: texts.schedule,
  again: texts.again,
  backoff: texts.backoff,
  rate_limit: texts.rateLimit,
  daily_quota: texts.dailyQuota,
  merchant_admin: texts.merchantAdmin,
  platform: texts.platformHeld,
  facts: texts.factsUnknown,
  token_conflict: texts.tokenConflict,
};

type Tone = 'ok' | 'bad' | 'attention' | 'going' | 'idle';

const ENDS: Partial<Record<Deletion['state'], Tone>> = { succeeded: 'ok', failed: 'bad', cancelled: 'idle' };

function toneOf(entry: Entry, { state }: Deletion): Tone {
  switch (entry.kind) {
    case 'call':
      return CALL_TONES[entry.result];
    case 'ended':
      return ENDS[state] ?? 'idle';
    case 'open':
      return state === 'waiting' ? 'attention' : 'going';
    default:
      return 'idle';
  }
}

const CALL_TONES: Record<Extract<Entry, { kind: 'call' }>['result'], Tone> = {
  accepted: 'ok',
  gone: 'ok',
  still_there: 'idle',
  not_told: 'going',
  refused: 'bad',
  lost: 'attention',
  under_way: 'going',
};

/** What happened to a deletion, oldest first. */
export function TimelineList({ deletion, entries }: { deletion: Deletion; entries: readonly Entry[] }) {
  const formats = useFormats();
  const now = useNow();
  return (
    <ol className="timeline">
      {entries.map((entry, i) => (
        <li key={i} className={`tone-${toneOf(entry, deletion)}`}>
          <span className="timeline-time">
            {entry.kind !== 'open' && entry.kind !== 'waited' && (
              <time dateTime={entry.at} title={formats.exactMoment(entry.at)}>
                {formats.second(entry.at, now)}
              </time>
            )}
          </span>
          <div>
            <EntryText entry={entry} deletion={deletion} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function EntryText({ entry, deletion }: { entry: Entry; deletion: Deletion }) {
  const t = useText();
  const formats = useFormats();
  switch (entry.kind) {
    case 'accepted': {
      const name = deletion.requested_by?.name;
      return <p className="timeline-title">{name ? t(texts.acceptedBy, { name }) : t(texts.accepted)}</p>;
    }
    case 'waited':
      return (
        <p className="soft">
          {t(texts.waited, { duration: formats.duration(entry.forMs) })} · {t(BECAUSE[entry.because])}
        </p>
      );
    case 'call':
      return <CallText entry={entry} />;
    case 'ended':
      return (
        <>
          <p className="timeline-title">
            <DeletionState state={deletion.state} />{' '}
            {deletion.outcome && deletion.state !== 'succeeded' && <OutcomeWords outcome={deletion.outcome} />}
          </p>
          {deletion.proof !== 'none' && <p className="soft">{t(proofWords[deletion.proof])}</p>}
        </>
      );
    case 'open':
      return (
        <>
          <p className="timeline-title">
            {t(texts.now)} <DeletionState state={deletion.state} />
          </p>
          <p>
            <Wait deletion={deletion} />
          </p>
          {deletion.eta && (
            <p className="soft">
              {t(texts.etaAt)} <QuotaMoment at={deletion.eta} />
            </p>
          )}
        </>
      );
  }
}

function CallText({ entry: { attempt, number, result } }: { entry: Extract<Entry, { kind: 'call' }> }) {
  const t = useText();
  const isDelete = attempt.op === 'mass/delete';
  const { errcode, rid, http_status, latency_ms } = attempt;
  const small = [
    attempt.op,
    errcode !== null && result !== 'refused' && `errcode ${errcode}`,
    rid && result !== 'refused' && `rid ${rid}`,
    http_status !== null && http_status !== 200 && `HTTP ${http_status}`,
    latency_ms !== null && t(texts.latency, { ms: latency_ms }),
  ].filter(Boolean);
  return (
    <>
      <p className="timeline-title">{isDelete ? t(texts.call, { number }) : t(texts.look)}</p>
      <p>
        {result === 'refused' ? (
          errcode === null ? (
            attempt.outcome
          ) : (
            <Errcode errcode={errcode} rid={rid} />
          )
        ) : (
          t(isDelete || result !== 'lost' ? RESULTS[result] : texts.resultLostLook)
        )}
      </p>
      <p className="soft code">{small.join(' · ')}</p>
    </>
  );
}

const RESULTS = {
  accepted: texts.resultAccepted,
  gone: texts.resultGone,
  still_there: texts.resultStillThere,
  not_told: texts.resultNotTold,
  lost: texts.resultLost,
  under_way: texts.resultUnderWay,
} as const;
