import type { Act, Principal } from '@app/access';

/**
 * The tenant of an act that is about no one merchant. Keys with limits see the acts of keys that were limited to one
 * platform or merchant of theirs.
 */
export function tenantOf({ scope }: Pick<Principal, 'scope'>): NonNullable<Act['tenant']> {
  const [componentAppid, authorizerAppid] = [scope.platforms, scope.merchants].map((names) =>
    names?.length === 1 ? names[0] : undefined,
  );
  return { componentAppid, authorizerAppid };
}
