import { classify, documentedWaitMs, type OutcomeClass } from './errcodes.js';

/** Stable; what callers match on and what is stored. */
export type WechatErrorCode =
  | Exclude<OutcomeClass, 'done'>
  | 'connect_failed'
  | 'refresh_token_invalid'
  | 'ticket_invalid'
  | 'authorization_code_invalid';

/** The facts of a call that failed. They never hold a token, and neither may errmsg. */
export interface CallFacts {
  /** Ours, e.g. `mass/delete`. */
  operation: string;
  errcode?: number | undefined;
  /** The message without the request id. */
  errmsg?: string | undefined;
  /** WeChat's request id, good for 7 days at openapi/rid/get. */
  rid?: string | undefined;
  httpStatus?: number | undefined;
  cause?: unknown;
}

/** Divided by what the caller does next; see OutcomeClass. */
export abstract class WechatError extends Error {
  abstract readonly code: WechatErrorCode;
  readonly operation: string;
  readonly errcode: number | undefined;
  readonly errmsg: string | undefined;
  readonly rid: string | undefined;
  readonly httpStatus: number | undefined;
  /** ms to wait before calling again, where WeChat says how long. */
  readonly retryAfterMs: number | undefined;

  constructor(facts: CallFacts, what = describe(facts)) {
    super(`${facts.operation}: ${what}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.operation = facts.operation;
    this.errcode = facts.errcode;
    this.errmsg = facts.errmsg;
    this.rid = facts.rid;
    this.httpStatus = facts.httpStatus;
    this.retryAfterMs = facts.errcode === undefined ? undefined : documentedWaitMs(facts.errcode);
  }
}

/** Certainly never sent: nothing happened, and no quota was spent. */
export class ConnectFailed extends WechatError {
  readonly code = 'connect_failed';
}

/** Refresh the token that was used, then call once more. */
export class CredentialExpired extends WechatError {
  readonly code = 'credential_expired';
}

export type UnknownOutcomeReason =
  'busy' | 'timeout' | 'connection_lost' | 'aborted' | 'server_error' | 'not_json' | 'malformed' | 'too_large';

/** It may have happened: ask `mass/get` before deleting again; otherwise back off and retry. */
export class UnknownOutcome extends WechatError {
  readonly code = 'unknown_outcome';

  constructor(
    facts: CallFacts,
    readonly reason: UnknownOutcomeReason = 'busy',
  ) {
    super(facts, `outcome unknown (${reason}), ${describe(facts)}`);
  }
}

/** Ask `mass/get`: DELETE means success. */
export class AlreadyGone extends WechatError {
  readonly code = 'already_gone';
}

/** Wait `retryAfterMs` (a minute if undefined) and slow down. */
export class TooFast extends WechatError {
  readonly code = 'too_fast';
}

/** Wait until the next day, Beijing time. */
export class QuotaSpent extends WechatError {
  readonly code = 'quota_spent';
}

/** Stop all calls of this account until its admin has acted. */
export class MerchantMustAct extends WechatError {
  readonly code: WechatErrorCode = 'merchant_must_act';
}

/** Reload the stored refresh token, then ask api_get_authorizer_list, and only then the merchant. */
export class RefreshTokenInvalid extends MerchantMustAct {
  override readonly code = 'refresh_token_invalid';
}

/** Used, expired or foreign: the merchant opens a new authorization link. */
export class AuthorizationCodeInvalid extends MerchantMustAct {
  override readonly code = 'authorization_code_invalid';
}

/** Wait `retryAfterMs`, or some minutes, for the account's admin. */
export class AdminMustConfirm extends WechatError {
  readonly code = 'admin_must_confirm';
}

/** Hold every call of this platform and alarm. */
export class PlatformBroken extends WechatError {
  readonly code: WechatErrorCode = 'platform_broken';
}

/** Wait for the next ticket push, or ask for one with api_start_push_ticket. */
export class TicketInvalid extends PlatformBroken {
  override readonly code = 'ticket_invalid';
}

/** This request will never work. */
export class Refused extends WechatError {
  readonly code = 'refused';
}

/** The error for an answer of WeChat with an errcode other than 0. */
export function errorForErrcode(facts: CallFacts & { errcode: number }): WechatError {
  switch (facts.errcode) {
    case 41003:
    case 61023:
      return new RefreshTokenInvalid(facts);
    case 61009:
    case 61010:
      return new AuthorizationCodeInvalid(facts);
    case 40091:
    case 61005:
    case 61006:
      return new TicketInvalid(facts);
  }
  const outcome = classify(facts.errcode);
  switch (outcome) {
    case 'credential_expired':
      return new CredentialExpired(facts);
    case 'unknown_outcome':
      return new UnknownOutcome(facts);
    case 'already_gone':
      return new AlreadyGone(facts);
    case 'too_fast':
      return new TooFast(facts);
    case 'quota_spent':
      return new QuotaSpent(facts);
    case 'merchant_must_act':
      return new MerchantMustAct(facts);
    case 'admin_must_confirm':
      return new AdminMustConfirm(facts);
    case 'platform_broken':
      return new PlatformBroken(facts);
    case 'done':
    case 'refused':
      return new Refused(facts);
  }
}

/**
 * WeChat appends a request id to errmsg: ` rid: 8hex-8hex-8hex`, formerly ` hint: [xxxx]`.
 * @returns errmsg without either; `rid` is the hint where there is no rid
 */
export function splitErrmsg(text: string): { errmsg: string; rid?: string } {
  // It is stored and logged: no NUL, no line break, no half of a character.
  const raw = text.replace(/[\p{Cc}\p{Surrogate}]+/gu, ' ');
  const rid = /[\s,]*\brid:\s*([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})/i.exec(raw);
  const hint = /[\s,]*\bhint:\s*\[([^\]]*)\]/i.exec(raw);
  const errmsg = [rid?.[0], hint?.[0]]
    .reduce<string>((text, part) => (part ? text.replace(part, '') : text), raw)
    .trim();
  const id = rid?.[1] ?? hint?.[1]?.trim();
  return id ? { errmsg, rid: id } : { errmsg };
}

function describe({ errcode, errmsg, rid, httpStatus }: CallFacts): string {
  const parts = [errcode, errmsg, rid && `(rid ${rid})`].filter((part) => part !== undefined && part !== '');
  if (parts.length > 0) return parts.join(' ');
  return httpStatus === undefined ? 'no answer' : `HTTP ${httpStatus}`;
}
