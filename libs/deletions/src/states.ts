export type DeletionState = 'scheduled' | 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled';

/** `acknowledged`: WeChat accepted the call; `verified`: `mass/get` said DELETE. */
export type Proof = 'none' | 'acknowledged' | 'verified';

export type WaitingFor = 'backoff' | 'rate_limit' | 'daily_quota' | 'merchant_admin' | 'platform' | 'facts';

/** What may follow what. A terminal state is left only by a retry, which an operator asks for. */
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

/** The states from which a transition to `to` is allowed: for the `where` of an update. */
export function statesBefore(to: DeletionState): DeletionState[] {
  return (Object.keys(TRANSITIONS) as DeletionState[]).filter((from) => canBecome(from, to));
}
