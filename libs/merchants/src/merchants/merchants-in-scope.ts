import { rows, type Sql } from '@app/database';

/** What a caller may reach, by WeChat's names. Null: no limit. Where both are given, both must hold. */
export interface Scope {
  /** component_appids */
  platforms: string[] | null;
  /** authorizer_appids */
  merchants: string[] | null;
}

/** Of the service itself: jobs, pushes, onboarding. */
export const EVERYTHING: Scope = { platforms: null, merchants: null };

/** Adds a value to a statement. @returns its placeholder */
export type Bind = (value: unknown) => string;

/** A condition on a joined merchant and platform, by their aliases: whether they are within the scope. */
export function inScope(scope: Scope, { merchant, platform }: { merchant: string; platform: string }, bind: Bind) {
  const limits = [
    scope.merchants && `${merchant}.authorizer_appid = ANY(${bind(scope.merchants)})`,
    scope.platforms && `${platform}.component_appid = ANY(${bind(scope.platforms)})`,
  ].filter((limit) => limit !== null);
  return limits.length > 0 ? `(${limits.join(' AND ')})` : 'TRUE';
}

/** The same on a column that holds a merchant's id, e.g. `d.merchant_id`. */
export function merchantInScope(scope: Scope, merchantId: string, bind: Bind): string {
  if (isEverything(scope)) return 'TRUE';
  return `EXISTS (SELECT 1 FROM merchants sm JOIN platforms sp ON sp.id = sm.platform_id
    WHERE sm.id = ${merchantId} AND ${inScope(scope, { merchant: 'sm', platform: 'sp' }, bind)})`;
}

/** On a platform's alias. One that is limited to merchants sees the platforms that these have authorized. */
export function platformInScope(scope: Scope, platform: string, bind: Bind): string {
  const limits = [
    scope.platforms && `${platform}.component_appid = ANY(${bind(scope.platforms)})`,
    scope.merchants &&
      `EXISTS (SELECT 1 FROM merchants sm WHERE sm.platform_id = ${platform}.id AND sm.authorizer_appid = ANY(${bind(scope.merchants)}))`,
  ].filter((limit) => limit !== null);
  return limits.length > 0 ? `(${limits.join(' AND ')})` : 'TRUE';
}

/**
 * The same limit on a column that holds a platform's id, for pages that are read from one end: by its id Postgres knows how rare a
 * platform is. By its appid alone it would walk past everything to find the few rows of a small one.
 */
export async function onPlatformsOf({ platforms }: Scope, platformId: string, bind: Bind, sql: Sql): Promise<string> {
  if (platforms === null) return 'TRUE';
  const found = await rows<{ id: string }>(sql, `SELECT id FROM platforms WHERE component_appid = ANY($1)`, [
    platforms,
  ]);
  return `${platformId} = ANY(${bind(found.map(({ id }) => id))}::uuid[])`;
}

/** For the names of prepared statements: each form of a condition on a scope is a text of its own. */
export const formOf = ({ platforms, merchants }: Scope): string =>
  `${merchants ? ' of some merchants' : ''}${platforms ? ' of some platforms' : ''}`;

export const isEverything = ({ platforms, merchants }: Scope): boolean => platforms === null && merchants === null;

/** Whether a merchant that was looked up for other reasons is within the scope. */
export const reaches = (
  { platforms, merchants }: Scope,
  { authorizerAppid, componentAppid }: { authorizerAppid: string; componentAppid: string },
): boolean =>
  (merchants === null || merchants.includes(authorizerAppid)) &&
  (platforms === null || platforms.includes(componentAppid));

/** SQL: whether the key whose id this is has no wider limits than the caller. Keys stay in their table when they are revoked. */
export const askedWithin = (scope: Scope, keyId: string, bind: Bind): string =>
  isEverything(scope)
    ? 'TRUE'
    : `asked_within(${keyId}, ${bind(scope.platforms)}::text[], ${bind(scope.merchants)}::text[])`;
