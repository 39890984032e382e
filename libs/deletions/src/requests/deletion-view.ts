import { microsOf, type Bind } from '@app/database';
import { countedInventory } from '@app/merchants';
import { askedWithin, type Scope } from '@app/scope';
import type { Deletion } from '../deletion/deletion.entity.js';
import type { DeletionState, WaitingFor } from '../deletion/states.js';
import { AWAITS_FACTS, FACTS_LOOK } from '../lanes/facts-wait.js';
import { isEndedListed, isOpenListed, isReadyInLane } from '../deletion/conditions.js';
import { PROBE_AT, WITH_HOLD } from '../lanes/hold-conditions.js';

/** How it is run, which is nobody else's business. */
type Inside =
  | 'targetKey'
  | 'traceparent'
  | 'alsoRequestedBy'
  | 'dispatches'
  | 'slotAt'
  | 'dueAt'
  | 'runId'
  | 'runningUntil'
  | 'verifyAt'
  | 'verifyTries';

/** A deletion as outsiders see it: what its lane waits for counts as its own waiting. */
export interface DeletionView extends Omit<Deletion, 'waitingFor' | 'metadata' | 'requestId' | Inside> {
  waitingFor: WaitingFor | null;
  /** Asked for beyond the limits of whoever looks: reason and metadata are null. */
  isHidden: boolean;
  /** It is kept no more: `gone_targets` knows that it succeeded, and what is not known is null or none. */
  isPruned?: boolean;
  metadata: Record<string, string> | null;
  requestId: string | null;
  authorizerAppid: string;
  componentAppid: string;
  /** Of the article, or of the first one of a whole message, where the inventory has it and it was looked up. */
  title?: string | null;
  /** What these are called, where it was looked up: the account, and the API key that asked. */
  merchantName?: string | null;
  requestedByName?: string | null;
  /** When it ended, exactly; where it was looked up. */
  finishedMicros?: string | null;
}

/**
 * Until when the lane `p` is shut, by quota or rate, or because its platform `pl` has a hold `h`, or nothing is known
 * of its merchant `m`.
 * @param urgent SQL: whether the deletion is
 */
export const laneBlock = (urgent: string): string =>
  `GREATEST(CASE WHEN ${urgent} THEN p.urgent_blocked_until ELSE p.blocked_until END,
     CASE WHEN h.platform_id IS NOT NULL THEN GREATEST(${PROBE_AT}, now() + interval '1 s') END,
     CASE WHEN ${AWAITS_FACTS} THEN now() + ${FACTS_LOOK} END)`;
export const LANE_BLOCK_REASON = `CASE WHEN h.platform_id IS NOT NULL THEN 'platform'
  WHEN ${AWAITS_FACTS} THEN 'facts' ELSE p.blocked_for END`;

/**
 * How a deletion `d` looks whose lane is shut: what the lane waits for counts as the deletion's own waiting.
 * @param block SQL: until when @param reason SQL: because of what
 */
export function seen(block: string, reason: string) {
  const waits = `(${isReadyInLane('d')} AND ${block} > now())`;
  return {
    state: `CASE WHEN ${waits} THEN 'waiting'
      WHEN d.state = 'scheduled' AND d.ready_at <= now() THEN 'queued' ELSE d.state END`,
    waitingFor: `CASE WHEN ${waits} THEN ${reason} ELSE d.waiting_for END`,
    waitingUntil: `CASE WHEN ${waits} THEN ${block} ELSE d.waiting_until END`,
  };
}

const SEEN = seen(laneBlock('d.is_urgent'), LANE_BLOCK_REASON);
export const oneByOne = (deletions: string) => `
  FROM ${deletions} d CROSS JOIN LATERAL (SELECT * FROM merchants WHERE id = d.merchant_id OFFSET 0) AS m
  CROSS JOIN LATERAL (SELECT * FROM platforms WHERE id = m.platform_id OFFSET 0) AS pl
  LEFT JOIN LATERAL (SELECT * FROM platform_holds WHERE platform_id = m.platform_id OFFSET 0) AS h ON true
  LEFT JOIN LATERAL (SELECT * FROM merchant_pacing WHERE merchant_id = d.merchant_id OFFSET 0) AS p ON true`;
/**
 * The same of deletions that are read in an order until a page is full: whatever their lanes are taken for to decide,
 * each is looked up for its own, and no table of them is read. OFFSET keeps it so.
 */
export const SEEN_ONE_BY_ONE = oneByOne('deletions');
/** SQL: deletions that are kept no more, as far as their targets tell of them. */
export const PRUNED_DELETIONS = `(
  SELECT id, merchant_id, msg_id, target_key, proof, created_at, finished_at, 'succeeded' AS state,
    CASE WHEN msg_id IS NOT NULL THEN split_part(target_key, ':', 3)::int END AS article_idx,
    CASE WHEN msg_id IS NULL THEN substr(target_key, 5) END AS url, NULL::text AS asked_url,
    NULL::text AS reason, '{}'::jsonb AS metadata, NULL::text AS request_id, NULL::uuid AS requested_by,
    NULL::uuid AS takedown_id, false AS is_urgent, false AS try_anyway, NULL::timestamptz AS not_before,
    created_at AS ready_at, NULL::timestamptz AS dispatched_at, 0 AS attempts, 0 AS retries,
    NULL::text AS waiting_for, NULL::timestamptz AS waiting_until, NULL::text AS outcome_code,
    NULL::int AS outcome_errcode, NULL::text AS outcome_errmsg, NULL::text AS outcome_rid FROM gone_targets)`;
export const SEEN_PRUNED = oneByOne(PRUNED_DELETIONS);
/** Where the columns come from that SEEN_STATE speaks of. */
export const SEEN_FROM = `
  FROM deletions d JOIN merchants m ON m.id = d.merchant_id JOIN platforms pl ON pl.id = m.platform_id
  ${WITH_HOLD} LEFT JOIN merchant_pacing p ON p.merchant_id = d.merchant_id`;
/** Of a deletion `d`, its lane `p`, its platform `pl` and the hold `h` of that. */
export const SEEN_STATE = SEEN.state;
export const SEEN_WAITING_FOR = SEEN.waitingFor;

/**
 * SQL: how a deletion may be stored that is open and looks to be in a state. It finds the candidates among the few that are
 * open; their lanes tell which of them are in that state.
 */
export const STORED_WHEN: Partial<Record<DeletionState, string>> = {
  scheduled: `${isOpenListed('d')} AND d.state = 'scheduled'`,
  queued: `${isOpenListed('d')} AND d.state IN ('scheduled', 'queued')`,
  running: `${isOpenListed('d')} AND d.dispatched_at IS NOT NULL AND d.state = 'running'`,
  waiting: `${isOpenListed('d')} AND (d.state = 'waiting' OR d.dispatched_at IS NULL AND d.ready_at <= now())`,
};

/**
 * SQL over a deletion `d`: whether it looks to be in the state. What has ended looks as it is stored.
 * @param value SQL
 */
export function isInState(state: DeletionState, value: string): string {
  const stored = STORED_WHEN[state];
  return stored ? `${stored} AND ${SEEN_STATE} = ${value}` : `${isEndedListed('d')} AND d.state = ${value}`;
}

/** Of more, the lane of each deletion is looked up: Postgres would not hash them, and a page is soon full. */
const LANES_READ = 10_000;

/**
 * SQL over an open deletion `d`: whether its lane may be shut for that reason. The lanes that may be are read once, instead of
 * one for each deletion: lanes that are due at some time, and those with a wake, whose row does not tell yet that something is in
 * them.
 * @param value SQL: the reason
 */
function isLanePossiblyShut(reason: WaitingFor, value: string): string {
  const isAmong = (lanes: string) => {
    const first = `(${lanes} UNION ALL SELECT merchant_id FROM lane_wakes LIMIT ${LANES_READ})`;
    return `(d.merchant_id IN ${first} OR (SELECT count(*) FROM ${first} AS lanes) = ${LANES_READ})`;
  };
  switch (reason) {
    case 'backoff':
      // Each deletion's own, after a call.
      return 'FALSE';
    case 'platform':
      return 'EXISTS (SELECT 1 FROM platform_holds)';
    case 'facts':
      return isAmong(`SELECT m.id FROM merchants m JOIN merchant_pacing p ON p.merchant_id = m.id
        WHERE p.due_at IS NOT NULL AND ${AWAITS_FACTS}`);
    default:
      return isAmong(`SELECT merchant_id FROM merchant_pacing WHERE due_at IS NOT NULL AND blocked_for = ${value}`);
  }
}

/**
 * SQL over a deletion `d`: whether it is open and looks to wait for that.
 * @param value SQL: the same
 */
export const isWaitingFor = (reason: WaitingFor, value: string): string =>
  `${isOpenListed('d')} AND (d.waiting_for = ${value} OR ${isLanePossiblyShut(reason, value)})
   AND ${SEEN_WAITING_FOR} = ${value}`;

/** The aliases of VIEW_COLUMNS. */
export const VIEW = { merchant: 'm', platform: 'pl' };

/** Of a deletion as SEEN_FROM has it. Those of `d` alone serve the statement that accepts one, too. */
export const VIEW_COLUMNS = {
  id: 'd.id',
  merchantId: 'd.merchant_id AS "merchantId"',
  msgId: 'd.msg_id AS "msgId"',
  articleIdx: 'd.article_idx AS "articleIdx"',
  url: 'd.url',
  askedUrl: 'd.asked_url AS "askedUrl"',
  state: `${SEEN.state} AS state`,
  isUrgent: 'd.is_urgent AS "isUrgent"',
  notBefore: 'd.not_before AS "notBefore"',
  readyAt: 'd.ready_at AS "readyAt"',
  dispatchedAt: 'd.dispatched_at AS "dispatchedAt"',
  attempts: 'd.attempts',
  retries: 'd.retries',
  waitingFor: `${SEEN.waitingFor} AS "waitingFor"`,
  waitingUntil: `${SEEN.waitingUntil} AS "waitingUntil"`,
  outcomeCode: 'd.outcome_code AS "outcomeCode"',
  outcomeErrcode: 'd.outcome_errcode AS "outcomeErrcode"',
  outcomeErrmsg: 'd.outcome_errmsg AS "outcomeErrmsg"',
  outcomeRid: 'd.outcome_rid AS "outcomeRid"',
  proof: 'd.proof',
  tryAnyway: 'd.try_anyway AS "tryAnyway"',
  reason: 'd.reason',
  metadata: 'd.metadata',
  requestId: 'd.request_id AS "requestId"',
  requestedBy: 'd.requested_by AS "requestedBy"',
  takedownId: 'd.takedown_id AS "takedownId"',
  createdAt: 'd.created_at AS "createdAt"',
  finishedAt: 'd.finished_at AS "finishedAt"',
  authorizerAppid: 'm.authorizer_appid AS "authorizerAppid"',
  componentAppid: 'pl.component_appid AS "componentAppid"',
} satisfies Record<
  Exclude<
    keyof DeletionView,
    'isHidden' | 'isPruned' | 'title' | 'merchantName' | 'requestedByName' | 'finishedMicros'
  >,
  string
>;
/** @param from SEEN_FROM, SEEN_ONE_BY_ONE or SEEN_PRUNED */
export const selectView = (reader: Scope, bind: Bind, from = SEEN_FROM): string =>
  `SELECT ${Object.values(VIEW_COLUMNS).join(', ')},
     ${microsOf('d.finished_at')} AS "finishedMicros", ${from === SEEN_PRUNED} AS "isPruned",
     NOT ${askedWithin(reader, 'd.requested_by', bind)} AS "isHidden", m.nick_name AS "merchantName",
     (SELECT k.name FROM api_keys k WHERE k.id = d.requested_by) AS "requestedByName",
     (SELECT a.title FROM ${countedInventory(reader, bind).articles} AS a WHERE a.merchant_id = d.merchant_id
        AND a.msg_id = d.msg_id AND a.article_idx = GREATEST(d.article_idx, 1) LIMIT 1) AS title ${from}`;

export const asTold = (view: DeletionView): DeletionView =>
  view.isHidden ? { ...view, reason: null, metadata: null, requestedBy: null, requestedByName: null } : view;
