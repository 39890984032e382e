/** What a key may reach, by WeChat's names. Null: no limit. Where both are given, both must hold. */
export interface Limits {
  /** component_appids */
  platforms: string[] | null;
  /** authorizer_appids */
  merchants: string[] | null;
}

export const NO_LIMITS: Limits = { platforms: null, merchants: null };

/** Whether a key with the `inner` limits reaches nothing that is beyond the `outer` ones. */
export function isWithin(inner: Limits, outer: Limits): boolean {
  return isSubset(inner.platforms, outer.platforms) && isSubset(inner.merchants, outer.merchants);
}

function isSubset(inner: string[] | null, outer: string[] | null): boolean {
  if (outer === null) return true;
  return inner !== null && inner.every((appid) => outer.includes(appid));
}
