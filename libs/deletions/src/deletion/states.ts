export const deletionStates = [
  'scheduled',
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type DeletionState = (typeof deletionStates)[number];

/** The states of what has ended. */
export const endStates = ['succeeded', 'failed', 'cancelled'] as const satisfies DeletionState[];
export type EndState = (typeof endStates)[number];

export type DeletionCounts = Record<DeletionState, number>;

/**
 * `acknowledged`: WeChat accepted the call; `verified`: `mass/get` said DELETE; `inferred`: the answer was lost, and
 * the next call was told that there is nothing to delete.
 */
export const proofs = ['none', 'acknowledged', 'verified', 'inferred'] as const;
export type Proof = (typeof proofs)[number];

const INFERRED =
  'Known: a delete call was sent and its answer was lost; WeChat had not said before that there was nothing to ' +
  'delete; a later call was answered that there is. Inferred, not shown by WeChat: that the lost call deleted it.';

const PRUNED =
  'Of this deletion it is kept that it succeeded, when, and by which proof. Its calls and who asked for it were ' +
  'deleted when their time of retention had passed.';

/**
 * Tells what is known and what is inferred, where WeChat did not say it itself, and what is kept no more.
 * @param isPruned its row in `gone_targets` is all that is kept
 */
export function noteOfProof(proof: Proof, isPruned = false): string | null {
  const notes = [proof === 'inferred' && INFERRED, isPruned && PRUNED].filter((note) => note !== false);
  return notes.length > 0 ? notes.join(' ') : null;
}

export const waitingFor = [
  'backoff',
  'rate_limit',
  'daily_quota',
  'merchant_admin',
  'platform',
  'facts',
  'token_conflict',
] as const;
export type WaitingFor = (typeof waitingFor)[number];

/** The states that may follow each state. Only a retry, which an operator asks for, leaves a terminal state. */
const TRANSITIONS: Record<DeletionState, readonly DeletionState[]> = {
  scheduled: ['queued', 'cancelled', 'failed'],
  queued: ['running', 'cancelled', 'failed'],
  running: ['waiting', 'queued', 'succeeded', 'failed'],
  waiting: ['queued', 'running', 'cancelled', 'failed'],
  succeeded: [],
  failed: ['queued'],
  cancelled: [],
};

export function canBecome(from: DeletionState, to: DeletionState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** @returns the states from which a transition to `to` is allowed: for the `where` of an update */
export function statesBefore(to: DeletionState): DeletionState[] {
  return deletionStates.filter((from) => canBecome(from, to));
}
