import { MAY_BE_TRIED } from '@app/merchants';

/** SQL: the deletion is in its merchant's lane. @param d its alias, or the table's name where it has none */
export const isInLane = (d: string): string => `(${d}.finished_at IS NULL AND ${d}.dispatched_at IS NULL)`;

/**
 * SQL: the deletion, which is looked up by its id, is in a lane. It is said so that Postgres does not look for the id in the index of all
 * lanes, which it would walk from end to end. @param d its alias, or the table's name where it has none
 */
export const isFoundInLane = (d: string): string => `COALESCE(${d}.finished_at, ${d}.dispatched_at) IS NULL`;

/**
 * SQL: the deletion is open, for lists and counts of what is open: these have indexes of their own, under a second
 * condition that always holds. A search for the open deletion of one target must not find them. Where statistics are
 * from a time when nothing was open, Postgres takes a walk over all that is open for as cheap as one look into the index
 * of open targets, and a takedown would take that walk for each of its lines. @param d its alias
 */
export const isOpenListed = (d: string): string => `(${d}.finished_at IS NULL AND ${d}.created_at > '-infinity')`;

/** SQL: the deletion has ended, for lists and counts of all that has, as `isOpenListed`. @param d its alias */
export const isEndedListed = (d: string): string => `(${d}.finished_at IS NOT NULL AND ${d}.created_at > '-infinity')`;

/**
 * A deletion ends at the moment at which its transaction began, and is seen when that commits. What ended so long ago can be
 * tallied: no statement of ours may take as long.
 */
export const SETTLED_AFTER_MS = 5 * 60_000;

/** SQL: the deletion is in its lane, and neither its schedule nor a wait keeps it there. @param d its alias */
export const isReadyInLane = (d: string): string => `(${isInLane(d)} AND ${d}.ready_at <= now())`;

/** SQL: sets the columns of a deletion that ends without an answer of WeChat's. @param outcomeCode SQL */
export const endAs = (state: 'cancelled' | 'failed', outcomeCode: string): string =>
  `state = '${state}', outcome_code = ${outcomeCode}, waiting_for = NULL, waiting_until = NULL, finished_at = now()`;

/**
 * SQL over a deletion `d`: its last delete call may have taken effect, for nobody has seen the answer. Until that is
 * looked into, it can neither be called again nor be said to have been stopped.
 */
export const IS_LAST_OUTCOME_UNKNOWN = `(d.attempts > 0 AND COALESCE((
  SELECT a.outcome IS NULL OR a.outcome IN ('unknown_outcome', 'already_gone') FROM deletion_attempts a
  WHERE a.deletion_id = d.id AND a.operation = 'mass/delete' ORDER BY a.started_at DESC, a.id DESC LIMIT 1), false))`;

/**
 * SQL over a deletion `d`: among its delete calls that say anything of the target, the first is one whose answer nobody
 * has seen. If a later call is told that the target is gone, that first one has probably done it. It has not if a call
 * before it was told the same, or that there is no such target. A 4xx without an errcode comes from something before
 * WeChat.
 */
export const IS_FIRST_ANSWER_LOST = `(d.attempts > 0 AND COALESCE((
  SELECT told.is_lost FROM (
    SELECT a.id, a.started_at,
      a.outcome IS NULL OR a.outcome = 'unknown_outcome' AND (a.errcode = -1
        OR a.errcode IS NULL AND COALESCE(a.http_status NOT BETWEEN 300 AND 499, true)) AS is_lost,
      a.outcome IN ('already_gone', 'refused') OR a.errcode = 40060 AS is_denied
    FROM deletion_attempts a WHERE a.deletion_id = d.id AND a.operation = 'mass/delete') told
  WHERE told.is_lost OR told.is_denied ORDER BY told.started_at, told.id LIMIT 1), false))`;

/** SQL over a deletion `d`: it is in its lane, and no call of it can have had an effect. */
export const CAN_BE_STOPPED = `(${isInLane('d')} AND NOT ${IS_LAST_OUTCOME_UNKNOWN})`;

/**
 * SQL over `merchants m` and a deletion `d` of it: WeChat shall be asked whatever our facts say. If WeChat has spoken
 * against the merchant since the deletion was asked for, that was the answer: the other deletions need not spend a call
 * each.
 */
export const IS_TRIED_ANYWAY = `(d.try_anyway AND ${MAY_BE_TRIED}
  AND (m.taught_at IS NULL OR d.created_at > m.taught_at))`;
