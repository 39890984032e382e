import type { Act, Actor, AuditData } from '@app/access';
import type { TakedownView } from '@app/deletions';

export const scopeOf = ({ scopePlatforms, scopeMerchants }: TakedownView) => ({
  scope: { platforms: scopePlatforms, merchants: scopeMerchants },
});

/** For the audit log. Keys with limits see the acts on takedowns that were asked for within one platform or merchant of theirs. */
export function actOn(id: string, { scope }: Pick<Actor, 'scope'>, action: Act['action'], data?: AuditData): Act {
  const [componentAppid, authorizerAppid] = [scope.platforms, scope.merchants].map((names) =>
    names?.length === 1 ? names[0] : undefined,
  );
  return {
    action,
    subjectType: 'takedown',
    subjectId: id,
    tenant: { componentAppid, authorizerAppid },
    ...(data && { data }),
  };
}
