import { MASS_AND_NOTIFICATION } from '@app/wechat';

/**
 * SQL over `merchants m`: why WeChat would refuse every call for this merchant until its admin acts, or null. Account facts
 * are no reason here: they are hints, and the call's own answer is the last word.
 */
export const GRANT_GONE = `
  CASE WHEN m.state <> 'authorized' THEN m.state
       WHEN NOT ${MASS_AND_NOTIFICATION} = ANY(m.permission_sets) THEN 'permission_set_7_not_granted' END`;
