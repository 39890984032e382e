import type { WechatErrorCode } from '@app/wechat';
import { SILENT_AFTER_MS, ticketStateAt } from '../platforms/ticket-state.js';

export type CheckState = 'ok' | 'failed' | 'unknown';

/** One thing that was looked at. Names and codes are stable: the words for them are elsewhere. */
export interface Check {
  name: CheckName;
  state: CheckState;
  /** Why it is in this state. */
  code: FindingCode | CallFailureCode;
  /** The facts behind it. */
  facts: Record<string, string | number | null | Record<string, number>>;
}

export type CheckName =
  | 'pushes_arrive'
  | 'ticket'
  | 'component_token'
  | 'ip_listed'
  | 'clock_database'
  | 'clock_wechat'
  | 'authorizer_list'
  | 'merchants';

export type FindingCode =
  | 'never_pushed'
  | 'pushes_silent'
  | 'pushes_arrive'
  | 'ticket_fresh'
  | 'ticket_silent'
  | 'ticket_missing'
  | 'token_works'
  | 'ip_listed'
  | 'ip_not_listed'
  | 'clock_agrees'
  | 'clock_off'
  | 'clock_not_told'
  | 'list_agrees'
  | 'list_drift'
  | 'list_not_counted'
  | 'no_merchants'
  | 'none_eligible'
  | 'all_eligible'
  | 'some_not_eligible';

/** Of the error that a call has ended in: of WeChat's, or for want of a token. */
export type CallFailureCode = WechatErrorCode | 'ticket_missing' | 'mint_put_off' | 'token_unavailable';

/** What became of the call that asks for one line of the list of authorizers. */
export type ListCall =
  /** Of how many WeChat says that they authorize the platform; undefined where it does not say. */
  | { isAnswered: true; listed: number | undefined }
  /** @param code of the error */
  | { isAnswered: false; code: CallFailureCode; errcode: number | undefined; errmsg: string | undefined };

export interface Findings {
  now: Date;
  /** When anything that WeChat has pushed last arrived. */
  pushedAt: Date | null;
  ticketReceivedAt: Date | null;
  call: ListCall;
  /** By how much our clock is ahead at the least; undefined where that is not known. */
  aheadOfDatabaseMs: number | undefined;
  aheadOfWechatMs: number | undefined;
  /** How many merchants are authorized here, and how many of these are not eligible, by reason. */
  authorized: number;
  /** Of how many others the grant has lapsed here, as calls taught, while WeChat may list it still. */
  mayBeListed: number;
  eligible: number;
  reasons: Record<string, number>;
}

/** Queues write delays by one clock and read them by another. */
const MOST_OFF_DATABASE_MS = 2_000;
/** Nothing here is judged by WeChat's clock more closely than to the minute. */
const MOST_OFF_WECHAT_MS = 60_000;

const IP_NOT_LISTED = 61_004;

/** What is well with a platform, what is not, and what cannot be told while something else fails. */
export const diagnosis = (findings: Findings): Check[] => [
  pushesArrive(findings),
  ticket(findings),
  componentToken(findings),
  ipListed(findings),
  clock('clock_database', findings.aheadOfDatabaseMs, MOST_OFF_DATABASE_MS),
  clock('clock_wechat', findings.aheadOfWechatMs, MOST_OFF_WECHAT_MS),
  authorizerList(findings),
  merchants(findings),
];

/** WeChat pushes a ticket every ten minutes at the least. */
function pushesArrive({ now, pushedAt }: Findings): Check {
  if (!pushedAt) return { name: 'pushes_arrive', state: 'failed', code: 'never_pushed', facts: { last_at: null } };
  const isSilent = now.getTime() - pushedAt.getTime() >= SILENT_AFTER_MS;
  return {
    name: 'pushes_arrive',
    state: isSilent ? 'failed' : 'ok',
    code: isSilent ? 'pushes_silent' : 'pushes_arrive',
    facts: { last_at: pushedAt.toISOString() },
  };
}

function ticket({ now, ticketReceivedAt }: Findings): Check {
  const { state } = ticketStateAt(ticketReceivedAt, now);
  return {
    name: 'ticket',
    state: state === 'fresh' ? 'ok' : 'failed',
    code: `ticket_${state}`,
    facts: { received_at: ticketReceivedAt?.toISOString() ?? null },
  };
}

function componentToken({ call }: Findings): Check {
  const name = 'component_token';
  if (call.isAnswered) return { name, state: 'ok', code: 'token_works', facts: {} };
  const { code, errcode, errmsg } = call;
  const facts = { errcode: errcode ?? null, errmsg: errmsg ?? null };
  // Asked from elsewhere, it may well be had.
  if (errcode === IP_NOT_LISTED) return { name, state: 'unknown', code: 'ip_not_listed', facts };
  return { name, state: SPEAKS_AGAINST_IT.includes(code) ? 'failed' : 'unknown', code, facts };
}

/** Errors that are the platform's own; any other is of WeChat, the network, or the moment. */
const SPEAKS_AGAINST_IT: readonly CallFailureCode[] = [
  'ticket_missing',
  'ticket_invalid',
  'platform_broken',
  'credential_expired',
];

function ipListed({ call }: Findings): Check {
  const name = 'ip_listed';
  if (call.isAnswered) return { name, state: 'ok', code: 'ip_listed', facts: { ip: null } };
  const { code, errcode, errmsg = '' } = call;
  if (errcode !== IP_NOT_LISTED) return { name, state: 'unknown', code, facts: { ip: null } };
  const ip = /requestIP:?\s*([0-9a-f:.]*[0-9a-f])/i.exec(errmsg)?.[1] ?? null;
  return { name, state: 'failed', code: 'ip_not_listed', facts: { ip } };
}

function clock(name: 'clock_database' | 'clock_wechat', aheadMs: number | undefined, mostMs: number): Check {
  if (aheadMs === undefined) return { name, state: 'unknown', code: 'clock_not_told', facts: { ahead_ms: null } };
  const isOff = Math.abs(aheadMs) > mostMs;
  return {
    name,
    state: isOff ? 'failed' : 'ok',
    code: isOff ? 'clock_off' : 'clock_agrees',
    facts: { ahead_ms: Math.round(aheadMs) },
  };
}

/** A grant that has lapsed here stays on WeChat's list for as long as the merchant does not take it back. */
function authorizerList({ call, authorized, mayBeListed }: Findings): Check {
  const name = 'authorizer_list';
  const listed = call.isAnswered ? call.listed : undefined;
  const facts = { listed: listed ?? null, authorized, may_be_listed: mayBeListed };
  if (listed === undefined) {
    return { name, state: 'unknown', code: call.isAnswered ? 'list_not_counted' : call.code, facts };
  }
  const agrees = authorized <= listed && listed <= authorized + mayBeListed;
  return { name, state: agrees ? 'ok' : 'failed', code: agrees ? 'list_agrees' : 'list_drift', facts };
}

/** An account that cannot be served is its own matter; a platform of which none can be has one of its own. */
function merchants({ authorized, eligible, reasons }: Findings): Check {
  const name = 'merchants';
  const facts = { authorized, eligible, reasons };
  if (authorized === 0) return { name, state: 'unknown', code: 'no_merchants', facts };
  if (eligible === 0) return { name, state: 'failed', code: 'none_eligible', facts };
  return { name, state: 'ok', code: eligible === authorized ? 'all_eligible' : 'some_not_eligible', facts };
}
