/** Whose events a reader may see: component_appids and authorizer_appids. Null is no limit; with both, both must hold. */
export interface EventScope {
  platforms: readonly string[] | null;
  merchants: readonly string[] | null;
}

/** What is about no platform or no merchant is not for readers who are limited to some. */
export function isInScope(
  { platforms, merchants }: EventScope,
  { componentAppid, authorizerAppid }: { componentAppid: string | null; authorizerAppid: string | null },
): boolean {
  const isAmong = (list: readonly string[] | null, appid: string | null) =>
    list === null || (appid !== null && list.includes(appid));
  return isAmong(platforms, componentAppid) && isAmong(merchants, authorizerAppid);
}
