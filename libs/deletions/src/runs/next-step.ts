import type { HoldReason } from '../holds/platform-hold.entity.js';
import { GrantLost, lessonOf, TicketMissing, TokenUnavailable, type GrantLesson } from '@app/merchants';
import { AlreadyGone, CredentialExpired, QuotaSpent, Refused, TooFast, UnknownOutcome, WechatError } from '@app/wechat';
import { SENT } from '../deletion/target.js';

/** What to do after a call that did not succeed. */
export type NextStep =
  | { do: 'fail'; code: string; lesson?: GrantLesson | undefined }
  /** Gone, and an earlier call of this deletion, whose answer was lost, has probably done it. */
  | { do: 'infer' }
  /** Mark the token stale, take a new one, call again at once. */
  | { do: 'renew_token' }
  /** `mass/get` has nothing to say: make the delete call. */
  | { do: 'call' }
  /** Ask `mass/get`: DELETE is a success, anything else a failure with this code. */
  | { do: 'verify'; code: string }
  /** Uses up one of the deletion's retries. */
  | { do: 'retry' }
  /** Back into the lane, which is slowed or shut first; uses up nothing. */
  | { do: 'wait'; for: 'rate_limit'; pauseMs: number }
  | { do: 'wait'; for: 'daily_quota' }
  /** Every call of this account would be turned away: shuts the lane; uses up nothing. */
  | { do: 'wait'; for: 'merchant_admin'; pauseMs: number }
  /** Another system mints tokens for this account: shuts the lane, longer each time; uses up nothing. */
  | { do: 'wait'; for: 'token_conflict' }
  /** Back into the lane, for this deletion alone; uses up nothing. */
  | { do: 'wait'; for: 'platform'; pauseMs: number }
  /** Every call of this platform would fail: nothing more is called for it until a probe passes; uses up nothing. */
  | { do: 'hold'; reason: HoldReason; errcode: number | undefined; leastPauseMs?: number };

export interface CallContext {
  /** Without a msg_id, `mass/get` cannot be asked. */
  hasMsgId: boolean;
  /** Of which `mass/get` tells all that there is to know. */
  isWholeMessage: boolean;
  /** The first of its delete calls that says anything of the target is one whose answer was lost. */
  isFirstAnswerLost: boolean;
  /** The token was minted for this very call, after WeChat had refused the one before. */
  isTokenRenewed: boolean;
  retriesLeft: number;
}

const ARTICLE_IDX_OUT_OF_RANGE = 40060;
const INVALID_URL = 40066;
/** WeChat counts by the minute; an answer of 45011 means the current minute is full. */
const MINUTE_PAUSE_MS = 60_000;
/** An admin needs time to notice; asking again sooner only annoys. */
const ADMIN_PAUSE_MS = 10 * 60_000;
/** A mint that somebody else is making, or that WeChat did not answer: it may succeed at the next try. */
const MINT_PAUSE_MS = 30_000;
/** A quota that is not the ledger's, that of `mass/get`: nobody knows when it is there again. */
const OTHER_QUOTA_PAUSE_MS = 3_600_000;

/** After `mass/delete` failed. @returns undefined for an error that is no answer of WeChat: a bug, not an outcome */
export function afterDelete(error: unknown, context: CallContext): NextStep | undefined {
  if (!(error instanceof WechatError)) return undefined;
  if (error instanceof CredentialExpired)
    return context.isTokenRenewed ? { do: 'wait', for: 'token_conflict' } : { do: 'renew_token' };
  // Once seen although the article had been deleted, so it is looked into. But the number does not get better by
  // calling again, and each call is one of ten a day.
  if (error.errcode === ARTICLE_IDX_OUT_OF_RANGE && context.hasMsgId) return { do: 'verify', code: 'refused' };
  // Of a delete by address it is the article's that is meant, not that of the API.
  if (error.errcode === INVALID_URL && !context.hasMsgId) return { do: 'fail', code: 'refused' };
  if (error instanceof UnknownOutcome) return retryOr(error, context);
  if (error instanceof AlreadyGone && context.hasMsgId) return { do: 'verify', code: error.code };
  if (error instanceof AlreadyGone && context.isFirstAnswerLost) return { do: 'infer' };
  if (error instanceof TooFast) return slowDown(error);
  if (error instanceof QuotaSpent) return { do: 'wait', for: 'daily_quota' };
  return orFailed(afterAnyCall(error), context);
}

/**
 * After `mass/get` was asked about a target of which a delete call was told that it is not there, and did not say
 * DELETE.
 * @param code of that call @param status what `mass/get` said; undefined when it knows no such message
 */
export function afterStillThere(code: string, status: string | undefined, context: CallContext): NextStep {
  // A message that never went out, or is on its way, has articles that cannot be deleted, for another reason.
  const isLikelyOurs = context.isFirstAnswerLost && !context.isWholeMessage && status === SENT;
  return code === 'already_gone' && isLikelyOurs ? { do: 'infer' } : { do: 'fail', code };
}

/** After a token was refused, and the call that was to be made once more could not be made in time. */
export function afterNoSecondCall({ retriesLeft }: CallContext): NextStep {
  return retriesLeft > 0 ? { do: 'retry' } : { do: 'fail', code: 'credential_expired' };
}

/** After no token could be had. No delete call was made, so nothing of the deletion's own is used up. */
export function afterTokenFailure(error: unknown): NextStep | undefined {
  if (error instanceof GrantLost) return { do: 'fail', code: error.reason };
  if (error instanceof TicketMissing) return { do: 'hold', reason: 'ticket_missing', errcode: undefined };
  // Of the platform and not of the account, whose token this would be: all others who need one would hear the same.
  if (error instanceof QuotaSpent) return { do: 'hold', reason: 'platform_quota_spent', errcode: error.errcode };
  if (error instanceof TooFast) {
    const leastPauseMs = error.retryAfterMs ?? MINUTE_PAUSE_MS;
    return { do: 'hold', reason: 'platform_too_fast', errcode: error.errcode, leastPauseMs };
  }
  if (error instanceof TokenUnavailable) return { do: 'wait', for: 'platform', pauseMs: MINT_PAUSE_MS };
  return error instanceof WechatError ? afterAnyCall(error) : undefined;
}

/** After `mass/get` gave no answer about the message. */
export function afterVerifyFailure(error: unknown, context: CallContext): NextStep | undefined {
  if (!(error instanceof WechatError)) return undefined;
  if (error instanceof CredentialExpired) {
    return context.isTokenRenewed ? { do: 'wait', for: 'token_conflict' } : { do: 'renew_token' };
  }
  if (error instanceof UnknownOutcome) return retryOr(error, context);
  if (error instanceof TooFast) return slowDown(error);
  // WeChat has nothing to tell of this message: the delete call will say why.
  if (error instanceof Refused || error instanceof AlreadyGone) return { do: 'call' };
  return orFailed(afterAnyCall(error), context);
}

/** A deletion that held its platform up again and again, although other merchants' calls passed, comes to an end. */
function orFailed(step: NextStep, { retriesLeft }: CallContext): NextStep {
  return step.do === 'hold' && retriesLeft <= 0 ? { do: 'fail', code: step.reason } : step;
}

function afterAnyCall(error: WechatError): NextStep {
  switch (error.code) {
    case 'refused':
    case 'already_gone':
      return { do: 'fail', code: error.code };
    case 'merchant_must_act':
    case 'refresh_token_invalid':
    case 'authorization_code_invalid': {
      const lesson = lessonOf(error.errcode);
      // What an account is denied is a guess from the code; that its admin has to act is certain.
      const isDenial = lesson === 'not_verified' || lesson === 'account_frozen';
      return { do: 'fail', code: lesson === undefined || isDenial ? 'merchant_must_act' : lesson, lesson };
    }
    case 'admin_must_confirm':
      return { do: 'wait', for: 'merchant_admin', pauseMs: error.retryAfterMs ?? ADMIN_PAUSE_MS };
    case 'quota_spent':
      return { do: 'wait', for: 'platform', pauseMs: OTHER_QUOTA_PAUSE_MS };
    case 'credential_expired':
    case 'unknown_outcome':
    case 'too_fast':
      return { do: 'wait', for: 'platform', pauseMs: Math.max(MINT_PAUSE_MS, error.retryAfterMs ?? 0) };
    // Nothing was sent, or WeChat turned it away unread: such a failure may last, and must not cost anybody a retry.
    case 'platform_broken':
    case 'ticket_invalid':
    case 'connect_failed':
      return { do: 'hold', reason: error.code, errcode: error.errcode };
  }
}

function slowDown(error: TooFast): NextStep {
  return { do: 'wait', for: 'rate_limit', pauseMs: error.retryAfterMs ?? MINUTE_PAUSE_MS };
}

function retryOr(error: WechatError, { retriesLeft }: CallContext): NextStep {
  return retriesLeft > 0 ? { do: 'retry' } : { do: 'fail', code: error.code };
}
