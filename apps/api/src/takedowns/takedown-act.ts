import type { Act, Actor, AuditData } from '@app/access';
import type { TakedownView } from '@app/deletions';
import { tenantOf } from '../http/access/tenant-of.js';

export const scopeOf = ({ scopePlatforms, scopeMerchants }: TakedownView) => ({
  scope: { platforms: scopePlatforms, merchants: scopeMerchants },
});

/** For the audit log. Keys with limits see the acts on takedowns that were asked for within one platform or merchant of theirs. */
export function actOn(id: string, within: Pick<Actor, 'scope'>, action: Act['action'], data?: AuditData): Act {
  return {
    action,
    subjectType: 'takedown',
    subjectId: id,
    tenant: tenantOf(within),
    ...(data && { data }),
  };
}
