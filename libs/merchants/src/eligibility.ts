import { MASS_AND_NOTIFICATION } from '@app/wechat';
import type { Merchant } from './merchant.entity.js';

export type IneligibleReason =
  | 'unauthorized'
  | 'reauthorization_required'
  | 'permission_set_7_not_granted'
  | 'not_an_official_account'
  | 'not_verified'
  | 'account_frozen';

/** What an answer may teach although the account facts say otherwise. */
export type DeniedReason = Extract<IneligibleReason, 'not_verified' | 'account_frozen'>;

/** What eligibility is decided by. */
export type EligibilityFacts = Pick<
  Merchant,
  'state' | 'permissionSets' | 'isMiniProgram' | 'serviceType' | 'verifyType' | 'accountStatus' | 'deniedReason'
>;

/**
 * Why deletions of this merchant would be refused by WeChat; empty when nothing speaks against them. Account facts that
 * were never read do not count against a merchant: they are hints, the API's answer (`deniedReason`) is the last word.
 */
export function ineligibleReasons(merchant: EligibilityFacts): IneligibleReason[] {
  if (merchant.state !== 'authorized') return [merchant.state];
  const reasons: IneligibleReason[] = [];
  if (!merchant.permissionSets.includes(MASS_AND_NOTIFICATION)) reasons.push('permission_set_7_not_granted');
  if (merchant.isMiniProgram || !isOneOf(OFFICIAL_ACCOUNT_TYPES, merchant.serviceType)) {
    reasons.push('not_an_official_account');
  }
  const { verifyType, accountStatus, deniedReason } = merchant;
  if (!isOneOf(VERIFIED_TYPES, verifyType) || deniedReason === 'not_verified') reasons.push('not_verified');
  if (!isOneOf(NORMAL_STATUSES, accountStatus) || deniedReason === 'account_frozen') reasons.push('account_frozen');
  return reasons;
}

/** Subscription account, one upgraded from an old account, service account. */
const OFFICIAL_ACCOUNT_TYPES = [0, 1, 2];
/** Verified by WeChat; or qualified with the name still pending, which has the right in part: worth a try. */
const VERIFIED_TYPES = [0, 3, 4];
const NORMAL_STATUSES = [1];

const isOneOf = (allowed: number[], fact: number | null) => fact === null || allowed.includes(fact);
