import type { Bind } from '@app/database';
import { askedWithin, EVERYTHING, isWithin, type Scope } from '@app/scope';

/** The subject of an event: one platform, one merchant, or else at most those of its scope. */
export interface EventReach {
  componentAppid: string | null;
  authorizerAppid: string | null;
  scopePlatforms: string[] | null;
  scopeMerchants: string[] | null;
}

/** Readers with limits do not see an event that may be about anything. */
export const isInScope = (scope: Scope, about: EventReach): boolean =>
  isWithin(
    {
      platforms: about.componentAppid === null ? about.scopePlatforms : [about.componentAppid],
      merchants: about.authorizerAppid === null ? about.scopeMerchants : [about.authorizerAppid],
    },
    scope,
  );

/**
 * SQL on an event `s`: whether it tells the metadata of a deletion that was asked for beyond the reader's limits. It
 * may be a merchant who reads, and the metadata the provider's.
 */
export function isAskedBeyond(scope: Scope | undefined, bind: Bind): string {
  return `s.data ? 'metadata' AND NOT ${askedWithin(scope ?? EVERYTHING, 's.requested_by', bind)}`;
}

/** The event as such a reader gets it. */
export const withoutMetadata = <Event extends { data: Record<string, unknown> }>(event: Event): Event => ({
  ...event,
  data: { ...event.data, metadata: null, hidden: ['metadata'] },
});

/** The same as isInScope, in SQL: conditions on events `s`. */
export function scopeConditions(scope: Scope | undefined, bind: Bind): string[] {
  const condition = (limits: readonly string[] | null | undefined, one: string, several: string) =>
    limits ? [`(CASE WHEN ${one} IS NULL THEN ${several} ELSE ARRAY[${one}] END) <@ ${bind(limits)}::text[]`] : [];
  return [
    ...condition(scope?.platforms, 's.component_appid', 's.scope_platforms'),
    ...condition(scope?.merchants, 's.authorizer_appid', 's.scope_merchants'),
  ];
}
