import { MASS_AND_NOTIFICATION } from '@app/wechat';

/** `reauthorization_required`: the refresh token is lost or refused, although nobody told us of a de-authorization. */
export const merchantStates = ['authorized', 'unauthorized', 'reauthorization_required'] as const;
export type MerchantState = (typeof merchantStates)[number];

export const ineligibleReasonCodes = [
  'unauthorized',
  'reauthorization_required',
  'permission_set_7_not_granted',
  'not_an_official_account',
  'not_verified',
  'account_frozen',
] as const;
export type IneligibleReason = (typeof ineligibleReasonCodes)[number];

/** What an answer may teach although the account facts say otherwise. */
export type DeniedReason = Extract<IneligibleReason, 'not_verified' | 'account_frozen'>;

export const warningCodes = [
  'facts_unknown',
  'permission_sets_unknown',
  'account_type_unknown',
  'verification_pending',
  'verification_doubtful',
  'account_warned',
  'account_status_unknown',
] as const;
export type WarningCode = (typeof warningCodes)[number];

/** What may make WeChat refuse, and is no reason not to ask it. `code` is stable. */
export interface EligibilityWarning {
  code: WarningCode;
  detail: string;
}

/** What eligibility is decided by. */
export interface EligibilityFacts {
  state: MerchantState;
  permissionSets: number[] | null;
  isMiniProgram: boolean | null;
  serviceType: number | null;
  verifyType: number | null;
  accountStatus: number | null;
  deniedReason: DeniedReason | null;
}

interface Reading {
  factsReadAt: Date | null;
}

/**
 * Why deletions of this merchant are surely refused by WeChat; empty when nothing known speaks against them. Facts are
 * hints, and WeChat's answer (`deniedReason`) is the last word: what is doubtful, unknown here or was never read is let
 * through, and `eligibilityWarnings` tells of it.
 */
export function ineligibleReasons(merchant: EligibilityFacts): IneligibleReason[] {
  if (merchant.state !== 'authorized') return [merchant.state];
  const { permissionSets, isMiniProgram, verifyType, accountStatus, deniedReason } = merchant;
  const reasons: IneligibleReason[] = [];
  if (permissionSets?.includes(MASS_AND_NOTIFICATION) === false) reasons.push('permission_set_7_not_granted');
  if (isMiniProgram) reasons.push('not_an_official_account');
  if (verifyType === UNVERIFIED || deniedReason === 'not_verified') reasons.push('not_verified');
  if (isOneOf(FROZEN_STATUSES, accountStatus) || deniedReason === 'account_frozen') reasons.push('account_frozen');
  return reasons;
}

/**
 * Reasons that our facts may have wrong because they lag behind, so that whoever knows better may have WeChat asked
 * anyway. Without a grant there is nothing to ask with, and a mini program stays one.
 */
export const TRIED_ANYWAY: readonly IneligibleReason[] = [
  'permission_set_7_not_granted',
  'not_verified',
  'account_frozen',
];

/** Whether a deletion that shall be tried anyway may be. */
export const mayTryAnyway = (reasons: IneligibleReason[]): boolean =>
  reasons.every((reason) => TRIED_ANYWAY.includes(reason));

/**
 * SQL over `merchants m`: why WeChat would refuse every call for this merchant until its admin acts, or null. What an
 * answer has denied the account counts, until its facts are read anew; the facts themselves do not: they are hints.
 */
export const GRANT_GONE = `
  CASE WHEN m.state <> 'authorized' THEN m.state
       WHEN NOT ${MASS_AND_NOTIFICATION} = ANY(m.permission_sets) THEN 'permission_set_7_not_granted'
       WHEN m.denied_reason IS NOT NULL THEN 'merchant_must_act' END`;

/**
 * SQL over `merchants m`: why no call is spent on what waits for it, or null. By what is surely refused, as for what is
 * not yet accepted: deletions may have been accepted while nothing was known of the merchant.
 */
export const SURELY_REFUSED = `COALESCE(${GRANT_GONE}, m.ineligible_reasons[1])`;

/** SQL over `merchants m`: all that speaks against it is what facts that lag behind may have wrong. */
export const MAY_BE_TRIED = `(m.state = 'authorized' AND m.ineligible_reasons <@ '{${TRIED_ANYWAY.join(',')}}')`;

/** What is doubtful about a merchant, whether or not something else makes it ineligible. */
export function eligibilityWarnings(merchant: EligibilityFacts & Reading): EligibilityWarning[] {
  if (merchant.state !== 'authorized') return [];
  if (areFactsUnknown(merchant)) return [{ code: 'facts_unknown', detail: DETAILS.facts_unknown }];
  const { permissionSets, isMiniProgram, serviceType, verifyType, accountStatus } = merchant;
  const codes: [WarningCode, boolean][] = [
    ['permission_sets_unknown', permissionSets === null],
    ['account_type_unknown', !isMiniProgram && isUnknown(OFFICIAL_ACCOUNT_TYPES, serviceType)],
    ['verification_pending', isOneOf(PENDING_TYPES, verifyType)],
    ['verification_doubtful', isUnknown([UNVERIFIED, VERIFIED, ...PENDING_TYPES], verifyType)],
    ['account_warned', accountStatus === WARNED],
    ['account_status_unknown', isUnknown([NORMAL, WARNED, ...FROZEN_STATUSES], accountStatus)],
  ];
  const numbers: Partial<Record<WarningCode, number | null>> = {
    account_type_unknown: serviceType,
    verification_pending: verifyType,
    verification_doubtful: verifyType,
    account_warned: accountStatus,
    account_status_unknown: accountStatus,
  };
  return codes.flatMap(([code, isSo]) =>
    isSo ? { code, detail: DETAILS[code].replace('%', String(numbers[code])) } : [],
  );
}

/**
 * Nobody has read yet what kind of account it is and what this grant holds: neither eligible for sure nor ineligible.
 */
export const areFactsUnknown = ({ state, factsReadAt }: Pick<EligibilityFacts, 'state'> & Reading): boolean =>
  state === 'authorized' && factsReadAt === null;

/** Subscription account, one upgraded from an old account, service account. */
const OFFICIAL_ACCOUNT_TYPES = [0, 1, 2];
const UNVERIFIED = -1;
const VERIFIED = 0;
/** Qualified by WeChat, alone or beside a verification by Sina or Tencent Weibo; the name is still pending. */
const PENDING_TYPES = [3, 4, 5];
const NORMAL = 1;
const WARNED = 18;
/** Cancelled, banned, frozen. */
const FROZEN_STATUSES = [14, 16, 19];

const DETAILS: Record<WarningCode, string> = {
  facts_unknown: 'WeChat has not told yet what kind of account this is and what it granted: deletions wait for that.',
  permission_sets_unknown: 'WeChat did not tell which permission sets were granted.',
  account_type_unknown: 'WeChat tells an account type (service_type %) that is not known here.',
  verification_pending: 'The account is qualified, but its name is not verified yet (verify_type %).',
  verification_doubtful: 'WeChat tells a verification (verify_type %) that may not be enough.',
  account_warned: 'WeChat has warned the account (account_status %).',
  account_status_unknown: 'WeChat tells a state of the account (account_status %) that is not known here.',
};

const isOneOf = (numbers: number[], fact: number | null) => fact !== null && numbers.includes(fact);
const isUnknown = (known: number[], fact: number | null) => fact !== null && !known.includes(fact);
