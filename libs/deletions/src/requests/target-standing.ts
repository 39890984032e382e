import type { EntityManager } from 'typeorm';
import { prepared, statement, type Bind } from '@app/database';
import { countedInventory, type CountedInventory } from '@app/merchants';
import { formOf, type Scope } from '@app/scope';
import { goneBy, isOfPlatforms, obstacleTo, OBSTACLES, sharedWith, type WishColumns } from '../gone/known-gone.js';
import { targetColumns, targetKey, type Target } from '../deletion/target.js';
import type { SharedArticle } from '../errors.js';

export interface WantedTarget {
  target: Target;
  /** The address that was asked for, where the inventory turned it into a message. */
  askedUrl?: string | undefined;
}

/** What is known of a target. */
export interface Standing {
  openId: string | null;
  goneId: string | null;
  obstacle: keyof typeof OBSTACLES | null;
  shared: SharedArticle[];
}

/** What is known of a target that was not accepted. */
export async function standingOf(
  sql: EntityManager,
  scope: Scope,
  merchantId: string,
  wish: WantedTarget,
): Promise<Standing> {
  const { msgId, articleIdx } = targetColumns(wish.target);
  const { parameters, bind } = statement(merchantId, msgId, articleIdx, targetKey(wish.target), askedKeyOf(wish));
  const columns: WishColumns = {
    merchantId: '$1::uuid',
    msgId: '$2::bigint',
    articleIdx: '$3::int',
    targetKey: '$4::text',
    askedKey: '$5::text',
  };
  const within = samePlatforms(scope, bind);
  const counted = countedInventory(scope, bind);
  const [found] = await prepared<Standing>(
    sql,
    `standing of a target${formOf(scope)}`,
    `SELECT (SELECT id FROM deletions WHERE merchant_id = $1 AND target_key = $4 AND finished_at IS NULL) AS "openId",
       ${goneBy(columns, within)} AS "goneId", ${obstacleTo(columns, within, counted)} AS obstacle,
       ${sharedList(columns, within, counted)} AS shared`,
    parameters,
  );
  if (!found) throw new Error('A statement without FROM returned no row.');
  return found;
}

export const askedKeyOf = ({ askedUrl }: Pick<WantedTarget, 'askedUrl'>): string | null =>
  askedUrl === undefined ? null : targetKey({ url: askedUrl });

/**
 * SQL on another row of the same account: whether a caller may know of it. A caller who may reach one of the account's
 * rows is limited by platform only.
 */
export const samePlatforms = ({ platforms }: Scope, bind: Bind): string =>
  platforms === null ? 'TRUE' : isOfPlatforms(bind(platforms));

/** SQL: the other sends that share the target's material, as JSON. */
export const sharedList = (wish: Omit<WishColumns, 'targetKey'>, within: string, counted: CountedInventory): string =>
  `(SELECT COALESCE(json_agg(
       json_build_object('msgId', s.msg_id::text, 'articleIdx', s.article_idx) ORDER BY s.msg_id, s.article_idx),
       '[]')::jsonb
     FROM (${sharedWith(wish, within, counted)}) AS s)`;
