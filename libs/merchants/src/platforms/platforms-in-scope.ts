import { rows, statement, type Bind, type Sql } from '@app/database';
import { isEverything, type Scope } from '@app/scope';

/** On a platform's alias. One that is limited to merchants sees the platforms that these have authorized. */
export function platformInScope(scope: Scope, platform: string, bind: Bind): string {
  const limits = [
    scope.platforms && `${platform}.component_appid = ANY(${bind(scope.platforms)})`,
    scope.merchants &&
      `EXISTS (SELECT 1 FROM merchants sm
         WHERE sm.platform_id = ${platform}.id AND sm.authorizer_appid = ANY(${bind(scope.merchants)}))`,
  ].filter((limit) => limit !== null);
  return limits.length > 0 ? `(${limits.join(' AND ')})` : 'TRUE';
}

/**
 * The limit to platforms, as SQL on a column that holds a platform's id, for pages that are read from one end: by its
 * id Postgres knows how rare a platform is. By its appid alone it would walk past everything to find the few rows of a
 * small one.
 */
export async function onPlatformsOf({ platforms }: Scope, platformId: string, bind: Bind, sql: Sql): Promise<string> {
  if (platforms === null) return 'TRUE';
  const found = await rows<{ id: string }>(sql, `SELECT id FROM platforms WHERE component_appid = ANY($1)`, [
    platforms,
  ]);
  return `${platformId} = ANY(${bind(found.map(({ id }) => id))}::uuid[])`;
}

/** Merchants whose appids come after `after`, up to `until` with it, or up to the last where that is null. */
export interface AppidRange {
  after: string;
  until: string | null;
}

/** As SQL on the alias of a merchant, or of whatever else has an `authorizer_appid`. */
export function isInRange({ after, until }: AppidRange, alias: string, bind: Bind): string {
  const isBeyond = `${alias}.authorizer_appid > ${bind(after)}`;
  return until === null ? isBeyond : `${isBeyond} AND ${alias}.authorizer_appid <= ${bind(until)}`;
}

/** The limits to platforms, as above, and to merchants, as SQL on a merchant's alias. */
export async function isMerchantOf(scope: Scope, merchant: string, bind: Bind, sql: Sql): Promise<string> {
  const limits = [
    await onPlatformsOf(scope, `${merchant}.platform_id`, bind, sql),
    scope.merchants && `${merchant}.authorizer_appid = ANY(${bind(scope.merchants)})`,
  ].filter((limit) => limit !== null);
  return limits.join(' AND ');
}

/** Of so many, each one's rows are found by an index. Of more, the rows of all are read, and those of others left out. */
const FEW_MERCHANTS = 1_000;

/** The ids of the merchants within a scope, in the order of platform and appid. Undefined: there are too many, or all of them. */
export async function fewMerchants(sql: Sql, scope: Scope): Promise<string[] | undefined> {
  if (isEverything(scope)) return undefined;
  const { parameters, bind } = statement();
  const found = await rows<{ id: string }>(
    sql,
    `SELECT m.id FROM merchants m WHERE ${await isMerchantOf(scope, 'm', bind, sql)}
     ORDER BY m.platform_id, m.authorizer_appid LIMIT ${FEW_MERCHANTS + 1}`,
    parameters,
  );
  return found.length > FEW_MERCHANTS ? undefined : found.map(({ id }) => id);
}
