import type { CallSlot } from '@app/queue';
import { WHOLE_MESSAGE, type Target } from '../deletion/target.js';
import { SLOT_LIFE_MS } from '../pacing/rate.js';
import type { CallContext } from './next-step.js';
import type { Outcome } from './outcome.js';

/*
 * A run is what one process does with one deletion while it has the claim. What the claim found does not change. Three
 * modes tell how far the run has come:
 *
 *   slot   none --buy--> paid --too old, and no new one to be had--> stale
 *          A delete call that is made uses the slot up. One that WeChat turned away before it came to the account
 *          leaves it paid. A paid slot that a run does not use is given back, or waits with the run that is repeated.
 *   call   none --written down--> written --made, or struck out--> none
 *          A call is written down before it is made. A process that dies in between leaves it behind: it counts as one
 *          that may have been made.
 *   end    over, or to be run again after a while
 */

/** A slot of the lane for a delete call. */
export type Slot =
  /** A further call needs a slot of its own. */
  | 'none'
  /**
   * Paid for, and no delete call has used it. Until then, by `performance.now()`, a call may: a later one would come
   * too close to others.
   */
  | { paidUntil: number }
  /** Paid for, and no call may use it: the lane had no new one for it. */
  | 'stale';

export const isUsable = (slot: Slot): boolean => typeof slot === 'object' && performance.now() <= slot.paidUntil;

/** The merchant's token as its row has it. */
export interface LentToken {
  sealed: string;
  version: number;
}

/** A token for a call. */
export interface CallToken {
  token: string;
  version: number;
  /** This run minted it, and for this call. */
  isMinted: boolean;
}

/** A delete call that is not made yet. */
export type NextCall =
  | 'none'
  /**
   * The id under which it is written down. One that was written down with the claim has the token that the claim found.
   */
  | { written: string; lent?: LentToken | undefined };

/** What becomes of a deletion whose run comes back. */
export type RunEnd =
  /** It has ended, or it is back in its lane, or it is another worker's. */
  | 'over'
  /** It is still this run's, which is to be repeated. */
  | { retryAfterMs: number };

/** A deletion that this process may run until its claim ends. */
export interface Run {
  readonly id: string;
  readonly runId: string;
  readonly isUrgent: boolean;
  /** By performance.now(). */
  readonly acceptedAt: number;
  /** By performance.now(): when its lane was due for it. Undefined once a call was made or has failed since. */
  readonly dueAt: number | undefined;
  readonly target: Target;
  readonly retries: number;
  readonly merchant: Readonly<{
    id: string;
    platformId: string;
    authorizerAppid: string;
    grantVersion: number;
    grantGone: string | null;
  }>;
  /** The last delete call may have taken effect: nobody has seen its answer. */
  readonly isLastOutcomeUnknown: boolean;
  /** If the target turns out to be gone, a call of this deletion has probably done it. */
  readonly isFirstAnswerLost: boolean;
  /** What WeChat has said already, for good: unless the message turns out to be gone, the deletion ends so. */
  readonly final: Outcome | undefined;
  /** The platform is held, and this is not its probe: no call may be made. */
  readonly isHeld: boolean;
  /** The platform is held, and this run shows whether it works again. */
  readonly isProbe: boolean;
  /** How many fresh tokens of the merchant were refused one after the other, up to now. */
  readonly tokenConflicts: number;
  /** In which it makes its calls. */
  readonly callSlot: CallSlot;

  slot: Slot;
  call: NextCall;
  /** By performance.now(): a call that begins later might outlast the claim. */
  callBefore: number;
  /** WeChat has answered a call of this run in the ordinary way, be it with a refusal. */
  wasAnswered: boolean;
  /** WeChat answered a call of this run, and had nothing against its token, which is the newest that the run had. */
  wasTokenTaken: boolean;
  /** A token of the merchant was refused, before this run or in it, and none was known to be taken since. */
  tokenRefusal: 'none' | { errcode: number | undefined };
}

/** No call takes longer: then it counts as one whose outcome is not known. */
export const CALL_MS = 25_000;
/** Renewed with every call. Longer than a call: while it is under way, nobody else takes the deletion. */
export const CLAIM_MS = 35_000;

/** By performance.now(): when the last call may begin that ends within a claim. */
export const lastCallAt = (claimedAt: number): number => claimedAt + CLAIM_MS - CALL_MS;

/** How many transient failures one deletion survives before it fails. */
const MAX_RETRIES = 5;

/** @param isTokenRenewed the token was minted for this very call */
export function contextOf(run: Run, isTokenRenewed: boolean): CallContext {
  const { target, isFirstAnswerLost, retries } = run;
  const hasMsgId = 'msgId' in target;
  const isWholeMessage = hasMsgId && target.articleIdx === WHOLE_MESSAGE;
  return { hasMsgId, isWholeMessage, isFirstAnswerLost, isTokenRenewed, retriesLeft: MAX_RETRIES - retries };
}

/** A deletion as the statement that claims it returns it. */
export interface ClaimedRow {
  id: string;
  runId: string;
  finalCode: string | null;
  finalErrcode: number | null;
  finalErrmsg: string | null;
  finalRid: string | null;
  msgId: string | null;
  articleIdx: number;
  url: string;
  isUrgent: boolean;
  ageMs: number;
  /** Null in rows that left their lanes before this was written down. */
  overdueMs: number | null;
  retries: number;
  isSlotSpent: boolean;
  slotAgeMs: number;
  isLastOutcomeUnknown: boolean;
  isFirstAnswerLost: boolean;
  tokenConflicts: number;
  isTokenVoid: boolean;
  merchantId: string;
  platformId: string;
  authorizerAppid: string;
  grantGone: string | null;
  grantVersion: number;
  isHeld: boolean;
  isProbe: boolean;
  isCallBegun: boolean;
  tokenSealed: string;
  tokenVersion: number;
}

/** @param askedAt by performance.now(), before the claim: what it found is no younger */
export function runOf(row: ClaimedRow, callSlot: CallSlot, askedAt: number): Run {
  const { merchantId, platformId, authorizerAppid, grantVersion, grantGone, tokenSealed, tokenVersion } = row;
  return {
    id: row.id,
    runId: row.runId,
    isUrgent: row.isUrgent,
    acceptedAt: askedAt - row.ageMs,
    // A wait for the next try is not the lane's.
    dueAt: row.overdueMs === null || row.isSlotSpent || row.retries > 0 ? undefined : askedAt - row.overdueMs,
    target: row.msgId ? { msgId: BigInt(row.msgId), articleIdx: row.articleIdx } : { url: row.url },
    retries: row.retries,
    merchant: { id: merchantId, platformId, authorizerAppid, grantVersion, grantGone },
    isLastOutcomeUnknown: row.isLastOutcomeUnknown,
    isFirstAnswerLost: row.isFirstAnswerLost,
    final: row.finalCode === null ? undefined : finalOf(row, row.finalCode),
    isHeld: row.isHeld,
    isProbe: row.isProbe,
    tokenConflicts: row.tokenConflicts,
    callSlot,
    slot: row.isSlotSpent ? 'none' : { paidUntil: askedAt + SLOT_LIFE_MS - row.slotAgeMs },
    // The call that is written down with the claim has the id of the run.
    call: row.isCallBegun ? { written: row.runId, lent: { sealed: tokenSealed, version: tokenVersion } } : 'none',
    callBefore: lastCallAt(askedAt),
    wasAnswered: false,
    wasTokenTaken: false,
    tokenRefusal: row.isTokenVoid ? { errcode: undefined } : 'none',
  };
}

const finalOf = (row: ClaimedRow, code: string): Outcome => ({
  code,
  errcode: row.finalErrcode ?? undefined,
  errmsg: row.finalErrmsg ?? undefined,
  rid: row.finalRid ?? undefined,
});
