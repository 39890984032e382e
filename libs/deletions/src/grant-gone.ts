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
