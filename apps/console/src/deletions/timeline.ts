import type { Deletion, DeletionAttempt } from '@app/client';

type Waiting = NonNullable<Deletion['waiting_for']>;

/** `gone`: `mass/get` shows it as deleted; `still_there`: it does not. `lost`: nobody saw an answer. */
export type CallResult = 'accepted' | 'gone' | 'still_there' | 'not_told' | 'refused' | 'lost' | 'under_way';

/** Something of a deletion's life, at its time. */
export type Entry =
  | { kind: 'accepted'; at: string }
  /** It lay still. `lane`: it was its turn later; `again`: it had failed, and somebody had it tried again. */
  | { kind: 'waited'; at: string; forMs: number; because: Waiting | 'lane' | 'schedule' | 'again' }
  | { kind: 'call'; at: string; attempt: DeletionAttempt; number: number; result: CallResult }
  | { kind: 'ended'; at: string }
  | { kind: 'open' };

/** A shorter time between two calls is none that anybody has to be told of. */
const WORTH_TELLING_MS = 2_000;

/** What a deletion waits for after an answer of this class. */
const WAITS: Partial<Record<string, Waiting>> = {
  unknown_outcome: 'backoff',
  too_fast: 'rate_limit',
  quota_spent: 'daily_quota',
  admin_must_confirm: 'merchant_admin',
  credential_expired: 'token_conflict',
  platform_broken: 'platform',
  ticket_invalid: 'platform',
  connect_failed: 'platform',
};

/** After these a deletion has failed: only a retry, which somebody asks for, makes another delete call. */
const FATAL = new Set([
  'refused',
  'already_gone',
  'merchant_must_act',
  'authorization_code_invalid',
  'refresh_token_invalid',
]);

/** What happened to a deletion, oldest first, with the times between. */
export function timelineOf(deletion: Deletion, attempts: readonly DeletionAttempt[]): Entry[] {
  const { created_at, finished_at, not_before } = deletion;
  const entries: Entry[] = [{ kind: 'accepted', at: created_at }];
  const calls = attempts.toSorted((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
  const beforeEnd = calls.filter(({ started_at }) => !isAfter(started_at, finished_at));
  const afterEnd = calls.filter(({ started_at }) => isAfter(started_at, finished_at));
  let since = created_at;
  let lastDelete: string | null | undefined;
  let lastOutcome: string | null | undefined;
  let number = 0;
  for (const attempt of beforeEnd) {
    const isDelete = attempt.op === 'mass/delete';
    const isAgain = isDelete && FATAL.has(lastDelete ?? '');
    const forMs = Date.parse(attempt.started_at) - Date.parse(since);
    if (forMs >= WORTH_TELLING_MS || isAgain) {
      const isScheduled = number === 0 && not_before !== null && Date.parse(not_before) > Date.parse(since);
      const because = isAgain ? 'again' : isScheduled ? 'schedule' : waitAfter(lastOutcome);
      entries.push({ kind: 'waited', at: since, forMs, because });
    }
    if (isDelete) {
      number += 1;
      lastDelete = attempt.outcome;
    }
    entries.push({ kind: 'call', at: attempt.started_at, attempt, number, result: resultOf(deletion, attempt, calls) });
    lastOutcome = attempt.outcome;
    since = attempt.finished_at ?? attempt.started_at;
  }
  entries.push(finished_at === null ? { kind: 'open' } : { kind: 'ended', at: finished_at });
  for (const attempt of afterEnd) {
    entries.push({ kind: 'call', at: attempt.started_at, attempt, number, result: resultOf(deletion, attempt, calls) });
  }
  return entries;
}

/** @param outcome of the call before: undefined where there was none, null where nobody saw its answer */
const waitAfter = (outcome: string | null | undefined) =>
  outcome === null ? 'backoff' : (outcome !== undefined && WAITS[outcome]) || 'lane';

const isAfter = (at: string, end: string | null) => end !== null && Date.parse(at) > Date.parse(end);

function resultOf(deletion: Deletion, attempt: DeletionAttempt, calls: readonly DeletionAttempt[]): CallResult {
  const isLast = calls.at(-1) === attempt;
  if (attempt.outcome === null) return isLast && deletion.state === 'running' ? 'under_way' : 'lost';
  if (attempt.outcome === 'unknown_outcome' && attempt.errcode === null) return 'lost';
  if (attempt.outcome !== 'accepted') return 'refused';
  if (attempt.op === 'mass/delete') return 'accepted';
  // WeChat says of the whole message whether it is deleted; the answer itself is not kept, and shows in what came of it.
  if (isLast && showsGone(deletion)) return 'gone';
  return deletion.finished_at === null && isLast && deletion.state === 'running' ? 'not_told' : 'still_there';
}

const showsGone = ({ proof, outcome }: Deletion) => proof === 'verified' || outcome?.code === 'article_not_in_message';
