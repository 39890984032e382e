import { TRIED_ANYWAY } from '@app/merchants';
import { MASS_AND_NOTIFICATION } from '@app/wechat';

/**
 * SQL over `merchants m`: why WeChat would refuse every call for this merchant until its admin acts, or null. What an
 * answer has denied the account counts, until its facts are read anew; the facts themselves do not: they are hints.
 */
export const GRANT_GONE = `
  CASE WHEN m.state <> 'authorized' THEN m.state
       WHEN NOT ${MASS_AND_NOTIFICATION} = ANY(m.permission_sets) THEN 'permission_set_7_not_granted'
       WHEN m.denied_reason IS NOT NULL THEN 'merchant_must_act' END`;

/**
 * SQL over `merchants m`: why no call is spent on what waits in its lane, or null. By what is surely refused, as for what is
 * not yet accepted: deletions may have been accepted while nothing was known of the merchant.
 */
export const SURELY_REFUSED = `COALESCE(${GRANT_GONE}, m.ineligible_reasons[1])`;

/** SQL over `merchants m`: all that speaks against it is what facts that lag behind may have wrong. */
export const MAY_BE_TRIED = `(m.state = 'authorized' AND m.ineligible_reasons <@ '{${TRIED_ANYWAY.join(',')}}')`;

/**
 * SQL over `merchants m` and a deletion `d` of it: WeChat shall be asked whatever our facts say. Once it has spoken against
 * the merchant after the deletion was asked for, that was the answer: the others need not spend a call each.
 */
export const IS_TRIED_ANYWAY = `(d.try_anyway AND ${MAY_BE_TRIED} AND (m.taught_at IS NULL OR d.created_at > m.taught_at))`;
