import { MASS_AND_NOTIFICATION } from '@app/wechat';
import type { Merchant } from './merchant.entity.js';

export type IneligibleReason =
  | 'unauthorized'
  | 'reauthorization_required'
  | 'permission_set_7_not_granted'
  | 'not_an_official_account'
  | 'not_verified'
  | 'account_frozen';

type Facts = Pick<
  Merchant,
  'state' | 'permissionSets' | 'isMiniProgram' | 'serviceType' | 'verifyType' | 'accountStatus'
>;

/**
 * Why deletions of this merchant would be refused by WeChat; empty when nothing speaks against them. Account facts that
 * were never read do not count against a merchant: they are hints, the API's answer is the last word.
 */
export function ineligibleReasons(merchant: Facts): IneligibleReason[] {
  if (merchant.state !== 'authorized') return [merchant.state];
  const reasons: IneligibleReason[] = [];
  if (!merchant.permissionSets.includes(MASS_AND_NOTIFICATION)) reasons.push('permission_set_7_not_granted');
  if (merchant.isMiniProgram || !isOneOf(OFFICIAL_ACCOUNT_TYPES, merchant.serviceType)) {
    reasons.push('not_an_official_account');
  }
  if (!isOneOf(VERIFIED_TYPES, merchant.verifyType)) reasons.push('not_verified');
  if (!isOneOf(NORMAL_STATUSES, merchant.accountStatus)) reasons.push('account_frozen');
  return reasons;
}

/** The same question to the database, of the row that it calls `merchant`. */
export const isEligibleSql = () => `(merchant.state = 'authorized'
  AND ${MASS_AND_NOTIFICATION} = ANY(merchant.permission_sets)
  AND merchant.is_mini_program IS NOT TRUE
  AND COALESCE(merchant.service_type IN (${OFFICIAL_ACCOUNT_TYPES.join(', ')}), true)
  AND COALESCE(merchant.verify_type IN (${VERIFIED_TYPES.join(', ')}), true)
  AND COALESCE(merchant.account_status IN (${NORMAL_STATUSES.join(', ')}), true))`;

/** Subscription account, one upgraded from an old account, service account. */
const OFFICIAL_ACCOUNT_TYPES = [0, 1, 2];
/** Verified by WeChat; or qualified with the name still pending, which has the right in part: worth a try. */
const VERIFIED_TYPES = [0, 3, 4];
const NORMAL_STATUSES = [1];

const isOneOf = (allowed: number[], fact: number | null) => fact === null || allowed.includes(fact);
