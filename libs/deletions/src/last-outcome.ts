/**
 * SQL over a deletion `d`: its last delete call may have taken effect, for nobody has seen the answer. Until that is looked into, it
 * can neither be called again nor be said to have been stopped.
 */
export const IS_LAST_OUTCOME_UNKNOWN = `(d.attempts > 0 AND COALESCE((
  SELECT a.outcome IS NULL OR a.outcome IN ('unknown_outcome', 'already_gone') FROM deletion_attempts a
  WHERE a.deletion_id = d.id AND a.operation = 'mass/delete' ORDER BY a.started_at DESC, a.id DESC LIMIT 1), false))`;

/** SQL over a deletion `d`: it is in its lane, and no call of it can have had an effect. */
export const CAN_BE_STOPPED = `(d.finished_at IS NULL AND d.dispatched_at IS NULL AND NOT ${IS_LAST_OUTCOME_UNKNOWN})`;
