import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { prepared, statement, type Sql, type StatementPart } from '@app/database';
import { countedInventory, MAY_BE_TRIED, mayTryAnyway, Merchants } from '@app/merchants';
import { EVERYTHING, formOf, inScope, type Scope } from '@app/scope';
import { goneBy, OBSTACLES, obstacleTo, type WishColumns } from '../gone/known-gone.js';
import { WHOLE_MESSAGE, targetColumns, targetKey } from '../deletion/target.js';
import { MerchantNotEligible, SharedMaterial, TargetRefused, type SharedArticle } from '../errors.js';
import { isFoundInLane } from '../deletion/conditions.js';
import { WITH_HOLD } from '../lanes/hold-conditions.js';
import { insertWakes } from '../lanes/lane-wakes.js';
import { Ceilings } from './ceilings.js';
import { noteWish } from './deletion-owner.js';
import { laneBlock, LANE_BLOCK_REASON, seen, VIEW, VIEW_COLUMNS, type DeletionView } from './deletion-view.js';
import { DeletionViews } from './deletion-views.js';
import { askedKeyOf, samePlatforms, sharedList, standingOf, type WantedTarget } from './target-standing.js';

export interface NewDeletion extends WantedTarget {
  /** A UUIDv7. */
  id: string;
  /** Call although the target is known to be gone, or to be no article. */
  again?: boolean | undefined;
  /** Rather not, if other sends share the material. */
  refusesShared?: boolean | undefined;
  isUrgent: boolean;
  notBefore: Date | null;
  /** Although the merchant is not eligible, where facts may have it wrong. */
  tryAnyway?: boolean;
  /** Although it would leave its lane late. */
  allowLate?: boolean | undefined;
  reason: string | null;
  metadata: Record<string, string>;
  requestId: string;
  /** Where its trace goes on when it runs; absent without tracing. */
  traceparent?: string | undefined;
  /** The API key. */
  requestedBy: string;
}

/** Whose message it is, by WeChat's names; the platform only where the account authorized several. */
export interface MerchantAddress {
  /** What is beyond it is as if it were not there. */
  scope: Scope;
  authorizerAppid: string;
  componentAppid?: string | undefined;
}

/** Accepts wishes to delete, one at a time. */
@Injectable()
export class DeletionIntake {
  constructor(
    private readonly views: DeletionViews,
    private readonly merchants: Merchants,
    private readonly ceilings: Ceilings,
  ) {}

  /**
   * Accepts a wish to delete. While the same target is open, that deletion is returned instead: quota is too scarce to
   * spend twice. If the new wish is more pressing, urgent or sooner, the open one becomes so. Each step is one
   * statement, and a new deletion takes one in all. Of a target that is known to be gone the deletion that did it is
   * returned, and one of which the inventory knows that it never went out, or has no such article, is refused. `again`
   * overrides all three, for an import may be wrong and a call in vain harms nothing; it does not make a second
   * deletion beside an open one.
   * @param ifNew what belongs to the new deletion, such as an audit row: it is a part of its statement
   * @throws MerchantNotFound, PlatformNotFound, PlatformRequired, MerchantNotEligible, TargetRefused, SharedMaterial,
   *   PendingTooMany, EtaTooLate
   */
  async accept(
    sql: EntityManager,
    address: MerchantAddress,
    wish: NewDeletion,
    ifNew?: StatementPart,
  ): Promise<{ deletion: DeletionView; isNew: boolean; shared: SharedArticle[] }> {
    const asker = { requestedBy: wish.requestedBy, scope: address.scope };
    const name = `${address.componentAppid ?? ''}/${address.authorizerAppid}`;
    const full = await this.ceilings.ofAll(asker, sql);
    let looked =
      this.ceilings.few === 0 ? { refusal: undefined } : await this.ceilings.ofKnownMerchant(asker, name, wish, sql);
    for (;;) {
      const refusal = full ?? looked?.refusal;
      const decided = refusal ? undefined : await this.insert(sql, address, wish, looked !== undefined, ifNew);
      if (decided && 'crowdedLane' in decided) {
        looked = await this.ceilings.ofMerchant(asker, name, decided.crowdedLane, wish, sql);
        if (looked.refusal) throw looked.refusal;
        continue;
      }
      if (decided) {
        this.ceilings.note(asker, name);
        const { deletion, mayShare } = decided;
        return {
          deletion,
          isNew: true,
          shared: mayShare ? await this.views.sharedBy(address.scope, deletion, sql) : [],
        };
      }
      const merchant = await this.merchants.find(address.scope, address.authorizerAppid, address.componentAppid, sql);
      const { id, authorizerAppid, ineligibleReasons: reasons } = merchant;
      const { openId, goneId, obstacle, shared } = await standingOf(sql, address.scope, id, wish);
      const isRefused = reasons.length > 0 && !(wish.tryAnyway && mayTryAnyway(reasons));
      if (openId !== null && !isRefused) {
        await noteWish(sql, openId, wish.requestedBy);
        await this.hasten(sql, openId, wish);
        const deletion = await this.views.get(EVERYTHING, openId, sql, address.scope);
        // It may have been cancelled just before the wish was noted.
        if (deletion.finishedAt !== null) continue;
        return { deletion, isNew: false, shared };
      }
      // With its message, an article that never was would be said to have been deleted.
      if (goneId !== null && obstacle === null && !wish.again) {
        return { deletion: await this.views.get(EVERYTHING, goneId, sql, address.scope), isNew: false, shared: [] };
      }
      if (isRefused) throw new MerchantNotEligible(authorizerAppid, reasons);
      if (obstacle !== null && !wish.again) throw new TargetRefused(obstacle, OBSTACLES[obstacle]);
      if (wish.refusesShared && shared.length > 0) throw new SharedMaterial(shared);
      if (refusal) throw refusal;
      // Open no more, or eligible again: that was between the statements, so there is room now.
    }
  }

  /**
   * @param isLooked whether the lane may have more than a few open
   * @returns the merchant whose lane has more open than it may, if nothing else keeps the wish from it; undefined when
   *   the merchant cannot be told, or cannot have messages deleted, or the target is open already, known to be gone or
   *   to be none
   */
  private async insert(
    sql: EntityManager,
    { scope, authorizerAppid, componentAppid }: MerchantAddress,
    wish: NewDeletion,
    isLooked: boolean,
    alongside?: StatementPart,
  ): Promise<{ deletion: DeletionView; mayShare: boolean } | { crowdedLane: string } | undefined> {
    const { target } = wish;
    const { msgId, articleIdx, url } = targetColumns(target);
    const { parameters, bind } = statement(
      wish.id,
      authorizerAppid,
      componentAppid ?? null,
      msgId,
      articleIdx,
      url,
      targetKey(target),
      wish.isUrgent,
      wish.notBefore,
      wish.reason,
      JSON.stringify(wish.metadata),
      wish.requestId,
      wish.requestedBy,
      wish.tryAnyway ?? false,
      wish.again ?? false,
      wish.askedUrl ?? null,
    );
    const within = samePlatforms(scope, bind);
    const counted = countedInventory(scope, bind);
    // What few wishes need is left out for the others: an executor sets up all of a statement, whether it comes to it
    // or not.
    const isOneArticle = articleIdx !== WHOLE_MESSAGE;
    const askedKey = askedKeyOf(wish);
    const column = { ...ACCEPTED, isOneArticle, ...(askedKey !== null && { askedKey: `${bind(askedKey)}::text` }) };
    const isTraced = wish.traceparent !== undefined;
    const refuses = wish.refusesShared ? ` AND ${sharedList(column, within, counted)} = '[]'` : '';
    const isCrowded = isLooked
      ? 'FALSE'
      : `EXISTS (
           SELECT 1 FROM deletions o WHERE o.merchant_id = merchant.merchant_id AND o.finished_at IS NULL
           OFFSET ${this.ceilings.few - 1} LIMIT 1)`;
    const form = [!isOneArticle, askedKey !== null, refuses !== '', isLooked, isTraced].reduce(
      (sum, is, i) => sum + (is ? 2 ** i : 0),
      0,
    );
    const once = '(SELECT m.authorizer_appid, m.component_appid FROM inserted, merchant m)';
    const [decided] = await prepared<Decided & { mayShare: boolean; crowdedLane: string | null }>(
      sql,
      `accept deletion${alongside ? ' and more' : ''}${formOf(scope)} ${form}`,
      // With its lane's wake, as wakeLanes leaves it, in one round trip: clients wait for this. Where there is a new
      // deletion there is one merchant. Each expression and column costs time, so the lane's block is worked out once.
      `WITH merchant AS (
         SELECT m.id AS merchant_id, m.authorizer_appid,
           (m.ineligible_reasons = '{}' OR $14::boolean AND ${MAY_BE_TRIED}) AND count(*) OVER () = 1 AS is_it,
           pl.component_appid, ${laneBlock('$8::boolean')} AS block, ${LANE_BLOCK_REASON} AS block_reason
         FROM merchants m JOIN platforms pl ON pl.id = m.platform_id ${WITH_HOLD}
           LEFT JOIN merchant_pacing p ON p.merchant_id = m.id
         WHERE m.authorizer_appid = $2 AND ($3::text IS NULL OR pl.component_appid = $3)
           AND ${inScope(scope, VIEW, bind)}
       ), known AS (
         -- What this statement sees as open may have succeeded when its row comes to the index of open ones.
         SELECT merchant.merchant_id, $15::boolean
             OR (${goneBy(column, within)} IS NULL AND ${obstacleTo(column, within, counted)} IS NULL) AS is_to_do,
           NOT EXISTS (SELECT 1 FROM deletions o WHERE o.merchant_id = merchant.merchant_id AND o.target_key = $7::text
             AND o.finished_at IS NULL) AS is_free,
           EXISTS (SELECT 1 FROM ${counted.messages} mm
             WHERE mm.merchant_id = merchant.merchant_id AND mm.msg_id = $4::bigint) AS may_share,
           ${isCrowded} AS is_crowded
         FROM merchant WHERE is_it${refuses}
       ), inserted AS (
         INSERT INTO deletions (id, merchant_id, msg_id, article_idx, url, target_key, state, is_urgent, not_before,
           ready_at, reason, metadata, request_id, requested_by, try_anyway, asked_url
           ${isTraced ? ', traceparent' : ''})
         SELECT $1::uuid, merchant.merchant_id, $4::bigint, $5::int, $6, $7,
           CASE WHEN $9::timestamptz > now() THEN 'scheduled' ELSE 'queued' END, $8::boolean, $9,
           GREATEST($9::timestamptz, now()), $10, $11::jsonb, $12, $13::uuid, $14::boolean, $16
           ${isTraced ? `, ${bind(wish.traceparent)}::text` : ''}
         FROM merchant JOIN known ON is_to_do AND is_free AND NOT is_crowded WHERE is_it
         ON CONFLICT (merchant_id, target_key) WHERE finished_at IS NULL DO NOTHING
         RETURNING merchant_id, state, ready_at, created_at, dispatched_at, finished_at, waiting_for, waiting_until
       ), woken AS (
         ${insertWakes('SELECT merchant_id, ready_at FROM inserted')}
       )${alongside ? `, alongside AS (${alongside(bind, once)})` : ''}
       ${SELECT_DECIDED}, k.may_share AS "mayShare",
         CASE WHEN k.is_crowded THEN k.merchant_id END AS "crowdedLane"
       FROM known k CROSS JOIN merchant m LEFT JOIN inserted d ON true
       WHERE d.merchant_id IS NOT NULL OR (k.is_crowded AND k.is_to_do AND k.is_free)`,
      parameters,
    );
    if (!decided) return undefined;
    const { crowdedLane, mayShare } = decided;
    if (crowdedLane !== null) return { crowdedLane };
    return { deletion: asAccepted(wish, authorizerAppid, decided), mayShare };
  }

  /** As long as it is in its lane and waits for nobody else. */
  private async hasten(sql: Sql, id: string, wish: NewDeletion): Promise<void> {
    await sql.query(
      `WITH hastened AS (
       UPDATE deletions SET is_urgent = is_urgent OR $2, try_anyway = try_anyway OR $4,
         ready_at = LEAST(ready_at, GREATEST($3::timestamptz, now())),
         not_before = CASE WHEN not_before > GREATEST($3::timestamptz, now()) THEN $3::timestamptz ELSE not_before END
       WHERE id = $1 AND ${isFoundInLane('deletions')} AND state IN ('scheduled', 'queued')
         AND (is_urgent < $2 OR try_anyway < $4 OR ready_at > GREATEST($3::timestamptz, now()))
       RETURNING merchant_id, ready_at
       )
       ${insertWakes('SELECT merchant_id, ready_at FROM hastened')}`,
      [id, wish.isUrgent, wish.notBefore, wish.tryAnyway ?? false],
    );
  }
}

/** The target as the statement that accepts it has it. */
const ACCEPTED: WishColumns = {
  merchantId: 'merchant.merchant_id',
  msgId: '$4::bigint',
  articleIdx: '$5::int',
  targetKey: '$7::text',
};

const SEEN_WHEN_ACCEPTED = seen('m.block', 'm.block_reason');
/** What Postgres decides of a new deletion `d` and its `merchant m`, in the statement that accepts it. */
const DECIDED_COLUMNS = {
  merchantId: VIEW_COLUMNS.merchantId,
  componentAppid: 'm.component_appid AS "componentAppid"',
  state: `${SEEN_WHEN_ACCEPTED.state} AS state`,
  readyAt: VIEW_COLUMNS.readyAt,
  waitingFor: `${SEEN_WHEN_ACCEPTED.waitingFor} AS "waitingFor"`,
  waitingUntil: `${SEEN_WHEN_ACCEPTED.waitingUntil} AS "waitingUntil"`,
  createdAt: VIEW_COLUMNS.createdAt,
} satisfies Partial<Record<keyof DeletionView, string>>;
type Decided = Pick<DeletionView, keyof typeof DECIDED_COLUMNS>;
const SELECT_DECIDED = `SELECT ${Object.values(DECIDED_COLUMNS).join(', ')}`;

/**
 * What a read of the new row would tell. Field by field: objects that are spread into each other keep V8 busy
 * collecting them.
 */
function asAccepted(wish: NewDeletion, authorizerAppid: string, decided: Decided): DeletionView {
  const { msgId, articleIdx, url } = targetColumns(wish.target);
  return {
    id: wish.id,
    merchantId: decided.merchantId,
    authorizerAppid,
    componentAppid: decided.componentAppid,
    msgId,
    articleIdx,
    url,
    askedUrl: wish.askedUrl ?? null,
    state: decided.state,
    isUrgent: wish.isUrgent,
    notBefore: wish.notBefore,
    readyAt: decided.readyAt,
    dispatchedAt: null,
    attempts: 0,
    retries: 0,
    waitingFor: decided.waitingFor,
    waitingUntil: decided.waitingUntil,
    outcomeCode: null,
    outcomeErrcode: null,
    outcomeErrmsg: null,
    outcomeRid: null,
    proof: 'none',
    tryAnyway: wish.tryAnyway ?? false,
    reason: wish.reason,
    metadata: wish.metadata,
    isHidden: false,
    requestId: wish.requestId,
    requestedBy: wish.requestedBy,
    takedownId: null,
    createdAt: decided.createdAt,
    finishedAt: null,
  };
}
