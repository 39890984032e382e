/** What a caller may reach, by WeChat's names. Null: no limit. Where both are given, both must hold. */
export interface Scope {
  /** component_appids */
  platforms: readonly string[] | null;
  /** authorizer_appids */
  merchants: readonly string[] | null;
}

/** Of the service itself (jobs, pushes, onboarding), and of keys without limits. */
export const EVERYTHING: Scope = { platforms: null, merchants: null };

export const isEverything = ({ platforms, merchants }: Scope): boolean => platforms === null && merchants === null;

/** Whether the `inner` scope reaches nothing that is beyond the `outer` one. */
export function isWithin(inner: Scope, outer: Scope): boolean {
  return isSubset(inner.platforms, outer.platforms) && isSubset(inner.merchants, outer.merchants);
}

function isSubset(inner: readonly string[] | null, outer: readonly string[] | null): boolean {
  if (outer === null) return true;
  return inner !== null && inner.every((appid) => outer.includes(appid));
}

/** Whether a merchant that was looked up for other reasons is within the scope. */
export const reaches = (
  scope: Scope,
  { authorizerAppid, componentAppid }: { authorizerAppid: string; componentAppid: string },
): boolean => isWithin({ platforms: [componentAppid], merchants: [authorizerAppid] }, scope);

/** For the names of prepared statements: each form of a condition on a scope is a text of its own. */
export const formOf = ({ platforms, merchants }: Scope): string =>
  `${merchants ? ' of some merchants' : ''}${platforms ? ' of some platforms' : ''}`;
