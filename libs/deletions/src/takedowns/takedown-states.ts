/**
 * `receiving`: its items are coming in, nothing of it can run. `starting`: all of it was received, its deletions are being
 * made. `cancelled` is for good, also while a few deletions that were dispatched before still run.
 */
export type TakedownState = 'receiving' | 'starting' | 'running' | 'finished' | 'cancelled';

/** What may follow what. */
const TRANSITIONS: Record<TakedownState, readonly TakedownState[]> = {
  receiving: ['starting', 'cancelled'],
  starting: ['running', 'cancelled'],
  running: ['finished', 'cancelled'],
  finished: [],
  cancelled: [],
};

/** As the outside knows them: one that is starting is either within its undo window, which is `pending`, or receiving. */
export const takedownStates = ['receiving', 'pending', 'running', 'finished', 'cancelled'] as const;

/** The states from which a transition to `to` is allowed: for the `where` of an update. */
export function takedownStatesBefore(to: TakedownState): TakedownState[] {
  return (Object.keys(TRANSITIONS) as TakedownState[]).filter((from) => TRANSITIONS[from].includes(to));
}

/** SQL over a takedown `t`: the state in which outsiders see it. */
export const SEEN_TAKEDOWN_STATE = `CASE WHEN t.state = 'starting' THEN 'receiving'
  WHEN t.state = 'running' AND t.undo_until > now() THEN 'pending' ELSE t.state END`;
