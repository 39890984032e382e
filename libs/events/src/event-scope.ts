/** Whose events a reader may see: component_appids and authorizer_appids. Null is no limit; with both, both must hold. */
export interface EventScope {
  platforms: readonly string[] | null;
  merchants: readonly string[] | null;
}

/** What an event is about: one platform, one merchant, or else at most those of its scope. */
export interface EventReach {
  componentAppid: string | null;
  authorizerAppid: string | null;
  scopePlatforms: string[] | null;
  scopeMerchants: string[] | null;
}

/** What may be about anything is not for readers who are limited. */
export function isInScope({ platforms, merchants }: EventScope, about: EventReach): boolean {
  return (
    isWithin(platforms, about.componentAppid === null ? about.scopePlatforms : [about.componentAppid]) &&
    isWithin(merchants, about.authorizerAppid === null ? about.scopeMerchants : [about.authorizerAppid])
  );
}

const isWithin = (limits: readonly string[] | null, appids: readonly string[] | null): boolean =>
  limits === null || (appids !== null && appids.every((appid) => limits.includes(appid)));

/**
 * SQL on an event `s`: whether it tells the metadata of a deletion that was asked for beyond the reader's limits. It may be a
 * merchant who reads, and the metadata the provider's.
 */
export function isAskedBeyond(scope: EventScope | undefined, bind: (value: unknown) => string): string {
  if (!scope?.platforms && !scope?.merchants) return 'false';
  const limits = [scope.platforms, scope.merchants].map((appids) => `${bind(appids)}::text[]`).join(', ');
  return `s.data ? 'metadata' AND NOT asked_within(s.requested_by, ${limits})`;
}

/** As such a reader is told of it. */
export const withoutMetadata = <Event extends { data: Record<string, unknown> }>(event: Event): Event => ({
  ...event,
  data: { ...event.data, metadata: null, hidden: ['metadata'] },
});

/** As isInScope, in SQL: conditions on events `s`. */
export function scopeConditions(scope: EventScope | undefined, bind: (value: unknown) => string): string[] {
  const condition = (limits: readonly string[] | null | undefined, one: string, several: string) =>
    limits ? [`(CASE WHEN ${one} IS NULL THEN ${several} ELSE ARRAY[${one}] END) <@ ${bind(limits)}::text[]`] : [];
  return [
    ...condition(scope?.platforms, 's.component_appid', 's.scope_platforms'),
    ...condition(scope?.merchants, 's.authorizer_appid', 's.scope_merchants'),
  ];
}
