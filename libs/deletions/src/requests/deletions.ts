import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import { prepared, rows, type Sql, type StatementPart } from '@app/database';
import {
  countedInventory,
  MAX_REFRESH_AHEAD_MS,
  MAY_BE_TRIED,
  mayTryAnyway,
  merchantInScope,
  Merchants,
  onPlatformsOf,
  refreshAheadMs,
  type Alongside,
  type CountedInventory,
} from '@app/merchants';
import { askedWithin, EVERYTHING, formOf, inScope, isEverything, type Scope } from '@app/scope';
import { Ceilings, type Wanted } from './ceilings.js';
import { DeletionAttempt } from '../deletion/deletion-attempt.entity.js';
import { Deletion } from '../deletion/deletion.entity.js';
import {
  DeletionNotFound,
  DeletionStateConflict,
  MerchantNotEligible,
  NotYours,
  SharedMaterial,
  TargetRefused,
  type SharedArticle,
} from '../errors.js';
import { earliestIdOf, latestIdOf } from '../deletion/id-bounds.js';
import { AWAITS_FACTS, FACTS_LOOK } from '../lanes/facts-wait.js';
import { IS_PLATFORM_HELD, PROBE_AT, WITH_HOLD } from '../lanes/hold-conditions.js';
import { goneBy, isOfPlatforms, OBSTACLES, obstacleTo, sharedWith, type WishColumns } from '../deletion/known-gone.js';
import { CAN_BE_STOPPED, endAs, isInLane, isReadyInLane } from '../deletion/conditions.js';
import { insertWakes } from '../lanes/lane-wakes.js';
import { Lanes } from '../lanes/lanes.js';
import { statesBefore, type DeletionState, type WaitingFor } from '../deletion/states.js';
import { targetColumns, targetKey, WHOLE_MESSAGE, type Target } from '../deletion/target.js';
import { tellOf } from '../deletion/deletion-events.js';

export interface NewDeletion {
  /** A UUIDv7. */
  id: string;
  target: Target;
  /** The address that was asked for, where the inventory turned it into a message. */
  askedUrl?: string | undefined;
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

/** How it is run, which is nobody else's business. */
type Inside =
  'targetKey' | 'alsoRequestedBy' | 'dispatches' | 'slotAt' | 'runId' | 'runningUntil' | 'verifyAt' | 'verifyTries';

/** A deletion as outsiders see it: what its lane waits for counts as its own waiting. */
export interface DeletionView extends Omit<Deletion, 'waitingFor' | 'metadata' | Inside> {
  waitingFor: WaitingFor | null;
  /** Asked for beyond the limits of whoever looks: reason and metadata are null. */
  isHidden: boolean;
  metadata: Record<string, string> | null;
  authorizerAppid: string;
  componentAppid: string;
}

export interface DeletionFilter {
  merchantId?: string | undefined;
  state?: DeletionState | undefined;
  msgId?: string | undefined;
  /** Those that it made, and those that it found open. */
  takedownId?: string | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  limit: number;
  /** Newest first: the id after which the page starts. */
  after?: string | undefined;
}

/** Who has a failed deletion tried again. */
export interface Retrier extends Pick<Wanted, 'allowLate'> {
  /** The API key. */
  requestedBy: string;
}

/** Deletions as requested and reported; how they are run is told in deletion-run.ts. */
@Injectable()
export class Deletions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lanes: Lanes,
    private readonly merchants: Merchants,
    private readonly ceilings: Ceilings,
  ) {}

  /**
   * Accepts a wish to delete. While the same target is open, that deletion is returned instead: quota is too scarce to
   * spend twice. If the new wish is more pressing, urgent or sooner, the open one becomes so. Each step is one statement, and
   * a new deletion takes one in all. Of a target that is known to be gone the deletion that did it is returned, and one of which the
   * inventory knows that it never went out, or has no such article, is refused. `again` overrides all three, for an import may be
   * wrong and a call in vain harms nothing; it does not make a second deletion beside an open one.
   * @param ifNew what belongs to the new deletion, such as an audit row: it is a part of its statement
   * @throws MerchantNotFound, PlatformNotFound, PlatformRequired, MerchantNotEligible, TargetRefused, SharedMaterial, PendingTooMany,
   *   EtaTooLate
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
    let looked = this.ceilings.few === 0 ? { refusal: undefined } : this.ceilings.recall(asker, name, wish);
    for (;;) {
      const refusal = full ?? looked?.refusal;
      const accepted = refusal ? undefined : await this.insert(sql, address, wish, looked !== undefined, ifNew);
      if (accepted) {
        this.ceilings.note(asker, name);
        const { deletion, mayShare } = accepted;
        return { deletion, isNew: true, shared: mayShare ? await this.sharedBy(address.scope, deletion, sql) : [] };
      }
      const merchant = await this.merchants.find(address.scope, address.authorizerAppid, address.componentAppid, sql);
      const { id, authorizerAppid, ineligibleReasons: reasons } = merchant;
      const { openId, goneId, obstacle, shared } = await this.standing(sql, address.scope, id, wish);
      const isRefused = reasons.length > 0 && !(wish.tryAnyway && mayTryAnyway(reasons));
      if (openId !== null && !isRefused) {
        await sql.query(NOTE_WISH, [openId, wish.requestedBy]);
        await this.hasten(sql, openId, wish);
        const deletion = await this.get(EVERYTHING, openId, sql, address.scope);
        // It may have been cancelled just before the wish was noted.
        if (deletion.finishedAt !== null) continue;
        return { deletion, isNew: false, shared };
      }
      // With its message, an article that never was would be said to have been deleted.
      if (goneId !== null && obstacle === null && !wish.again) {
        return { deletion: await this.get(EVERYTHING, goneId, sql, address.scope), isNew: false, shared: [] };
      }
      if (isRefused) throw new MerchantNotEligible(authorizerAppid, reasons);
      if (obstacle !== null && !wish.again) throw new TargetRefused(obstacle, OBSTACLES[obstacle]);
      if (wish.refusesShared && shared.length > 0) throw new SharedMaterial(shared);
      if (refusal) throw refusal;
      if (!looked) {
        looked = await this.ceilings.ofMerchant(asker, name, id, wish, sql);
        if (looked.refusal) throw looked.refusal;
      }
      // Open no more, or eligible again: that was between the statements, so there is room now.
    }
  }

  /**
   * What is out of scope is not found, as if it were not there.
   * @param reader who is told of what is found
   * @throws DeletionNotFound
   */
  async get(
    scope: Scope,
    id: string,
    tx: EntityManager = this.dataSource.manager,
    reader: Scope = scope,
  ): Promise<DeletionView> {
    const { parameters, bind } = statement(id);
    const [view] = await rows<DeletionView>(
      tx,
      `${selectView(reader, bind)} WHERE d.id = $1 AND ${inScope(scope, VIEW, bind)}`,
      parameters,
    );
    if (!view) throw new DeletionNotFound(id);
    return asTold(view);
  }

  async list(scope: Scope, filter: DeletionFilter): Promise<DeletionView[]> {
    const { merchantId, state, msgId, takedownId, createdAfter, createdBefore, limit, after } = filter;
    const { parameters, bind } = statement();
    const where = [
      inScope(scope, VIEW, bind),
      await onPlatformsOf(scope, 'm.platform_id', bind, this.dataSource),
      merchantId && `d.merchant_id = ${bind(merchantId)}`,
      msgId && `d.msg_id = ${bind(msgId)}`,
      createdAfter && `d.created_at > ${bind(createdAfter)} AND d.id > ${bind(earliestIdOf(createdAfter))}`,
      createdBefore && `d.created_at < ${bind(createdBefore)} AND d.id < ${bind(latestIdOf(createdBefore))}`,
      after && `d.id < ${bind(after)}`,
      state && isInState(state, bind(state)),
    ].filter(Boolean);
    const page = `ORDER BY id DESC LIMIT ${bind(limit)}`;
    // Where deletions alone make the page. Else their merchants may be fewer, and found first.
    const isOfTakedown = takedownId !== undefined && scope.merchants === null;
    const areDeletionsFirst = isEverything(scope) || isOfTakedown || (state && STORED_WHEN[state]);
    const view = selectView(scope, bind, areDeletionsFirst ? SEEN_ONE_BY_ONE : SEEN_FROM);
    const views = (condition: string) => `${view} WHERE ${[...where, condition].join(' AND ')}`;
    const ask = async (text: string) => (await rows<DeletionView>(this.dataSource, text, parameters)).map(asTold);
    if (takedownId === undefined) return ask(`${views('TRUE')} ${page}`);
    // Two halves, each by its own index: with OR the whole takedown would be read for a page. In the order of that index, which no other
    // has: Postgres does not know that its deletions lie together, and would walk from the newest of all to where they begin.
    const takedown = bind(takedownId);
    const own = `${views(`d.takedown_id BETWEEN ${takedown} AND ${takedown}`)} ORDER BY d.takedown_id DESC, d.id DESC LIMIT ${bind(limit)}`;
    const linked = `SELECT view.* FROM takedown_links l CROSS JOIN LATERAL (${views('d.id = l.deletion_id')} OFFSET 0) AS view
      WHERE l.takedown_id = ${takedown} ${after ? `AND l.deletion_id < ${bind(after)}` : ''} ORDER BY l.deletion_id DESC LIMIT ${bind(limit)}`;
    return ask(`SELECT * FROM ((${own}) UNION ALL (${linked})) AS both_kinds ${page}`);
  }

  /** @throws DeletionNotFound */
  async attempts(scope: Scope, id: string): Promise<DeletionAttempt[]> {
    await this.get(scope, id);
    return this.dataSource.manager.find(DeletionAttempt, { where: { deletionId: id }, order: { id: 'ASC' } });
  }

  /**
   * Before the dispatch it never runs, after it is too late: one statement decides which side a cancel falls on. Back in its
   * lane after a call without an answer, it is too late, too: the message may be gone, and that will be looked into. A caller with
   * limits stops what was asked for within them, as long as nobody beyond them asked for the same.
   * @throws DeletionNotFound, NotYours, DeletionStateConflict
   */
  async cancel(scope: Scope, id: string, alongside?: Alongside): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await this.cancelWithin(tx, scope, id);
      await alongside?.(tx);
    });
  }

  private async cancelWithin(tx: EntityManager, scope: Scope, id: string): Promise<void> {
    await this.refuseOthers(tx, scope, id, 'cancelled');
    const { parameters, bind } = statement(id, statesBefore('cancelled'));
    const cancelled = await rows(
      tx,
      `WITH ended AS (
         UPDATE deletions d SET ${endAs('cancelled', `'cancelled'`)}
         WHERE d.id = $1 AND ${CAN_BE_STOPPED} AND d.state = ANY($2)
           AND ${merchantInScope(scope, 'd.merchant_id', bind)}
         RETURNING d.*
       ) ${tellOf('ended')} RETURNING deletion_id`,
      parameters,
    );
    if (cancelled.length === 0) throw await this.conflict(tx, scope, id, 'cancelled');
  }

  /**
   * Puts a failed deletion back into its lane. If its target is known to be gone meanwhile, the deletion that did it is the answer, and
   * what never was is refused, as a new wish would be. A caller with limits revives what was asked for within them, and may ask anew
   * for the rest.
   * @param requestedBy the API key, whose ceilings count
   * @throws DeletionNotFound, NotYours, DeletionStateConflict, MerchantNotEligible, TargetRefused, PendingTooMany, EtaTooLate
   */
  async retry(
    scope: Scope,
    id: string,
    {
      requestedBy,
      allowLate = false,
      alongside,
    }: { requestedBy?: string; allowLate?: boolean | undefined; alongside?: Alongside } = {},
  ): Promise<{ deletion: DeletionView; isRetried: boolean }> {
    const sql = this.dataSource.manager;
    const failed = await this.get(scope, id, sql);
    await this.refuseOthers(sql, scope, id, 'retried');
    const wish = { target: targetOf(failed), askedUrl: failed.askedUrl ?? undefined };
    if (failed.state === 'failed') {
      const { goneId, obstacle } = await this.standing(sql, scope, failed.merchantId, wish);
      if (obstacle !== null) throw new TargetRefused(obstacle, OBSTACLES[obstacle]);
      if (goneId !== null) return { deletion: await this.get(EVERYTHING, goneId, sql, scope), isRetried: false };
      const { authorizerAppid, ineligibleReasons: reasons } = await this.merchants.byId(failed.merchantId);
      if (reasons.length > 0) throw new MerchantNotEligible(authorizerAppid, reasons);
      if (requestedBy) await this.keepCeilings(scope, failed, { requestedBy, allowLate });
    }
    // Told apart afterwards: asking within the transaction would take a second connection while holding one.
    if (!(await this.reopen(failed.merchantId, id, requestedBy, alongside)))
      throw await this.conflict(sql, EVERYTHING, id, 'retried');
    return { deletion: await this.get(scope, id, sql), isRetried: true };
  }

  private async keepCeilings(scope: Scope, failed: DeletionView, { requestedBy, allowLate }: Retrier): Promise<void> {
    const { merchantId, componentAppid, authorizerAppid, isUrgent } = failed;
    const [asker, wanted] = [
      { requestedBy, scope },
      { isUrgent, allowLate },
    ];
    const name = `${componentAppid}/${authorizerAppid}`;
    const full = await this.ceilings.ofAll(asker);
    const looked = this.ceilings.recall(asker, name, wanted);
    const refusal = full ?? (looked ?? (await this.ceilings.ofMerchant(asker, name, merchantId, wanted))).refusal;
    if (refusal) throw refusal;
    this.ceilings.note(asker, name);
  }

  /** @returns false when it has not failed, or another deletion of the same target is open or has succeeded: then it stays as it is */
  private async reopen(
    merchantId: string,
    id: string,
    requestedBy: string | undefined,
    alongside?: Alongside,
  ): Promise<boolean> {
    try {
      return await this.dataSource.transaction(async (tx) => {
        const [again] = await rows<{ readyAt: Date }>(
          tx,
          `UPDATE deletions d SET state = 'queued', finished_at = NULL, dispatched_at = NULL, ready_at = now(), retries = 0,
             run_id = NULL, running_until = NULL, outcome_code = NULL, outcome_errcode = NULL, outcome_errmsg = NULL, outcome_rid = NULL
           WHERE id = $1 AND merchant_id = $2 AND state = 'failed' AND ${goneBy(RETRIED, 'TRUE')} IS NULL RETURNING ready_at AS "readyAt"`,
          [id, merchantId],
        );
        if (again && requestedBy) await tx.query(NOTE_WISH, [id, requestedBy]);
        if (again) await this.lanes.wake(tx, merchantId, again.readyAt);
        if (again) await unsettle(tx, id);
        if (again) await alongside?.(tx);
        return again !== undefined;
      });
    } catch (error) {
      // Of the deletions with one target only one may be open, and only the index knows who came first.
      if (isTaken(error, 'deletions_open_target_idx')) return false;
      throw error;
    }
  }

  /**
   * Merchants for whom deletions wait or come soon, and whose access token works but ends before long.
   * @returns ids, those whose token ends first in front
   */
  async merchantsToRefresh(now: Date): Promise<string[]> {
    const found = await rows<{ id: string; expiresAt: Date }>(
      this.dataSource,
      `SELECT m.id, t.expires_at AS "expiresAt" FROM access_tokens t JOIN merchants m ON m.id = t.holder_id
       WHERE t.token_sealed IS NOT NULL AND t.expires_at > now() AND t.expires_at < now() + $1 * interval '1 ms'
         AND m.state = 'authorized' AND NOT ${IS_PLATFORM_HELD} AND EXISTS (
           SELECT 1 FROM deletions d
           WHERE d.merchant_id = m.id AND d.finished_at IS NULL AND d.ready_at < now() + $1 * interval '1 ms')
       ORDER BY t.expires_at LIMIT 1000`,
      [MAX_REFRESH_AHEAD_MS],
    );
    return found
      .filter(({ id, expiresAt }) => expiresAt.getTime() - now.getTime() <= refreshAheadMs(id))
      .map(({ id }) => id);
  }

  /** Other sends whose page would go, too. */
  async sharedBy(
    scope: Scope,
    { merchantId, msgId, articleIdx }: DeletionView,
    sql: EntityManager = this.dataSource.manager,
  ): Promise<SharedArticle[]> {
    if (msgId === null) return [];
    const { parameters, bind } = statement(merchantId, msgId, articleIdx);
    const wish = { ...ACCEPTED, merchantId: '$1::uuid', msgId: '$2::bigint', articleIdx: '$3::int' };
    const [found] = await rows<{ shared: SharedArticle[] }>(
      sql,
      `SELECT ${sharedList(wish, samePlatforms(scope, bind), countedInventory(scope, bind))} AS shared`,
      parameters,
    );
    return found?.shared ?? [];
  }

  /** What is known of a target that was not accepted. */
  private async standing(
    sql: EntityManager,
    scope: Scope,
    merchantId: string,
    wish: Pick<NewDeletion, 'target' | 'askedUrl'>,
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
    const [found] = await rows<Standing>(
      sql,
      `SELECT (SELECT id FROM deletions WHERE merchant_id = $1 AND target_key = $4 AND finished_at IS NULL) AS "openId",
         ${goneBy(columns, within)} AS "goneId", ${obstacleTo(columns, within, counted)} AS obstacle,
         ${sharedList(columns, within, counted)} AS shared`,
      parameters,
    );
    if (!found) throw new Error('A statement without FROM returned no row.');
    return found;
  }

  /**
   * @param isLooked whether the lane may have more than a few open
   * @returns undefined when the merchant cannot be told, or cannot have messages deleted, or the target is open already, known to
   * be gone or to be none, or the lane has more open than it may
   */
  private async insert(
    sql: EntityManager,
    { scope, authorizerAppid, componentAppid }: MerchantAddress,
    wish: NewDeletion,
    isLooked: boolean,
    alongside?: StatementPart,
  ): Promise<{ deletion: DeletionView; mayShare: boolean } | undefined> {
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
    // What few wishes need is left out for the others: an executor sets up all of a statement, whether it comes to it or not.
    const isOneArticle = articleIdx !== WHOLE_MESSAGE;
    const askedKey = askedKeyOf(wish);
    const column = { ...ACCEPTED, isOneArticle, ...(askedKey !== null && { askedKey: `${bind(askedKey)}::text` }) };
    const refuses = wish.refusesShared ? ` AND ${sharedList(column, within, counted)} = '[]'` : '';
    const crowded = isLooked
      ? ''
      : ` AND NOT EXISTS (SELECT 1 FROM deletions o WHERE o.merchant_id = merchant.merchant_id AND o.finished_at IS NULL OFFSET ${this.ceilings.few - 1} LIMIT 1)`;
    const form = [!isOneArticle, askedKey !== null, refuses !== '', isLooked].reduce(
      (sum, is, i) => sum + (is ? 2 ** i : 0),
      0,
    );
    const [inserted] = await prepared<Decided & { mayShare: boolean }>(
      sql,
      `accept deletion${alongside ? ' and more' : ''}${formOf(scope)} ${form}`,
      // With its lane's wake, as wakeLanes leaves it, in one round trip: clients wait for this. Where there is a new deletion
      // there is one merchant. Each expression and column costs time, so the lane's block is worked out once.
      `WITH merchant AS (
         SELECT m.id AS merchant_id, m.authorizer_appid, (m.ineligible_reasons = '{}' OR $14::boolean AND ${MAY_BE_TRIED}) AND count(*) OVER () = 1 AS is_it,
           pl.component_appid, ${laneBlock('$8::boolean')} AS block, ${LANE_BLOCK_REASON} AS block_reason
         FROM merchants m JOIN platforms pl ON pl.id = m.platform_id ${WITH_HOLD} LEFT JOIN merchant_pacing p ON p.merchant_id = m.id
         WHERE m.authorizer_appid = $2 AND ($3::text IS NULL OR pl.component_appid = $3) AND ${inScope(scope, VIEW, bind)}
       ), known AS (
         -- What this statement sees as open may have succeeded when its row comes to the index of open ones.
         SELECT merchant.merchant_id, $15::boolean OR (${goneBy(column, within)} IS NULL AND ${obstacleTo(column, within, counted)} IS NULL) AS is_to_do,
           NOT EXISTS (SELECT 1 FROM deletions o WHERE o.merchant_id = merchant.merchant_id AND o.target_key = $7::text
             AND o.finished_at IS NULL) AS is_free,
           EXISTS (SELECT 1 FROM ${counted.messages} mm WHERE mm.merchant_id = merchant.merchant_id AND mm.msg_id = $4::bigint) AS may_share
         FROM merchant WHERE is_it${refuses}${crowded}
       ), inserted AS (
         INSERT INTO deletions (id, merchant_id, msg_id, article_idx, url, target_key, state, is_urgent, not_before, ready_at,
           reason, metadata, request_id, requested_by, try_anyway, asked_url)
         SELECT $1::uuid, merchant.merchant_id, $4::bigint, $5::int, $6, $7,
           CASE WHEN $9::timestamptz > now() THEN 'scheduled' ELSE 'queued' END, $8::boolean, $9,
           GREATEST($9::timestamptz, now()), $10, $11::jsonb, $12, $13::uuid, $14::boolean, $16
         FROM merchant JOIN known ON is_to_do AND is_free WHERE is_it
         ON CONFLICT (merchant_id, target_key) WHERE finished_at IS NULL DO NOTHING
         RETURNING merchant_id, state, ready_at, created_at, dispatched_at, finished_at, waiting_for, waiting_until
       ), woken AS (
         ${insertWakes('SELECT merchant_id, ready_at FROM inserted')}
       )${alongside ? `, alongside AS (${alongside(bind, '(SELECT m.authorizer_appid, m.component_appid FROM inserted, merchant m)')})` : ''}
       ${SELECT_DECIDED}, (SELECT may_share FROM known) AS "mayShare" FROM inserted d, merchant m`,
      parameters,
    );
    return inserted && { deletion: asAccepted(wish, authorizerAppid, inserted), mayShare: inserted.mayShare };
  }

  /**
   * Waits for whoever is just joining the wish, so that this is seen.
   * @throws DeletionNotFound, NotYours
   */
  private async refuseOthers(tx: EntityManager, scope: Scope, id: string, wanted: 'cancelled' | 'retried') {
    if (isEverything(scope)) return;
    await tx.query(`SELECT 1 FROM deletions WHERE id = $1 FOR UPDATE`, [id]);
    const { parameters, bind } = statement(id);
    const within = (keyId: string) => askedWithin(scope, keyId, bind);
    const [found] = await rows<{ isOwn: boolean }>(
      tx,
      `SELECT ${within(OWNER)} AND NOT EXISTS (SELECT 1 FROM unnest(d.also_requested_by) AS k (id) WHERE NOT ${within('k.id')})
         AND NOT EXISTS (SELECT 1 FROM takedown_links l JOIN takedowns t ON t.id = l.takedown_id
           WHERE l.deletion_id = d.id AND t.finished_at IS NULL AND t.state <> 'cancelled' AND NOT ${within('t.requested_by')}) AS "isOwn"
       FROM deletions d WHERE d.id = $1 AND ${merchantInScope(scope, 'd.merchant_id', bind)}`,
      parameters,
    );
    if (!found) throw new DeletionNotFound(id);
    if (!found.isOwn) throw new NotYours(id, wanted);
  }

  /** As long as it is in its lane and waits for nobody else. */
  private async hasten(sql: Sql, id: string, wish: NewDeletion): Promise<void> {
    await sql.query(
      `WITH hastened AS (
       UPDATE deletions SET is_urgent = is_urgent OR $2, try_anyway = try_anyway OR $4, ready_at = LEAST(ready_at, GREATEST($3::timestamptz, now())),
         not_before = CASE WHEN not_before > GREATEST($3::timestamptz, now()) THEN $3::timestamptz ELSE not_before END
       WHERE id = $1 AND ${isInLane('deletions')} AND state IN ('scheduled', 'queued')
         AND (is_urgent < $2 OR try_anyway < $4 OR ready_at > GREATEST($3::timestamptz, now()))
       RETURNING merchant_id, ready_at
       )
       ${insertWakes('SELECT merchant_id, ready_at FROM hastened')}`,
      [id, wish.isUrgent, wish.notBefore, wish.tryAnyway ?? false],
    );
  }

  private async conflict(
    tx: EntityManager,
    scope: Scope,
    id: string,
    wanted: 'cancelled' | 'retried',
  ): Promise<DeletionStateConflict> {
    const { state, dispatchedAt, finishedAt } = await this.get(scope, id, tx);
    // Or back in its lane after a call without an answer: only then is one that is open refused a cancel.
    const isDispatched = finishedAt === null && (dispatchedAt !== null || wanted === 'cancelled');
    return new DeletionStateConflict(id, isDispatched ? 'dispatched' : state, wanted);
  }
}

/** SQL over a deletion `d`: the key that wants it. One that was handed over to a takedown is that one's. */
const OWNER = `COALESCE((SELECT t.requested_by FROM takedowns t WHERE t.id = d.takedown_id), d.requested_by)`;

/** SQL: key $2 wants deletion $1, too. Noted where the key that owns it could otherwise undo it for the other. */
const NOTE_WISH = `
  UPDATE deletions d SET also_requested_by = array_append(d.also_requested_by, $2::uuid)
  FROM api_keys own WHERE d.id = $1 AND d.finished_at IS NULL AND own.id = ${OWNER}
    AND NOT asked_within($2::uuid, own.platforms, own.merchants) AND $2::uuid <> ALL(d.also_requested_by)`;

/** Takedowns that had counted it among those that have ended count again. */
async function unsettle(tx: EntityManager, id: string): Promise<void> {
  await tx.query(
    `UPDATE takedowns SET settled_counts = NULL WHERE settled_counts IS NOT NULL AND id = ANY(ARRAY(
       SELECT takedown_id FROM deletions WHERE id = $1 UNION ALL SELECT takedown_id FROM takedown_links WHERE deletion_id = $1))`,
    [id],
  );
}

/** What is known of a target. */
interface Standing {
  openId: string | null;
  goneId: string | null;
  obstacle: keyof typeof OBSTACLES | null;
  shared: SharedArticle[];
}

/** The target as the statement that accepts it has it. */
const ACCEPTED: WishColumns = {
  merchantId: 'merchant.merchant_id',
  msgId: '$4::bigint',
  articleIdx: '$5::int',
  targetKey: '$7::text',
};

function targetOf({ msgId, articleIdx, url }: DeletionView): Target {
  return msgId === null ? { url: url ?? '' } : { msgId: BigInt(msgId), articleIdx: articleIdx ?? WHOLE_MESSAGE };
}

const RETRIED: WishColumns = {
  merchantId: 'd.merchant_id',
  msgId: 'd.msg_id',
  articleIdx: 'd.article_idx',
  targetKey: 'd.target_key',
};

const askedKeyOf = ({ askedUrl }: Pick<NewDeletion, 'askedUrl'>) =>
  askedUrl === undefined ? null : targetKey({ url: askedUrl });

/** SQL on another row of the same account: whether a caller may know of it. Whoever may reach one of its rows is limited by platform only. */
const samePlatforms = ({ platforms }: Scope, bind: (value: unknown) => string) =>
  platforms === null ? 'TRUE' : isOfPlatforms(bind(platforms));

/** SQL: as JSON. */
const sharedList = (wish: WishColumns, within: string, counted: CountedInventory) =>
  `(SELECT COALESCE(json_agg(json_build_object('msgId', s.msg_id::text, 'articleIdx', s.article_idx) ORDER BY s.msg_id, s.article_idx), '[]')::jsonb
     FROM (${sharedWith(wish, within, counted)}) AS s)`;

/** Whether Postgres refused a row because of this unique index. */
function isTaken(error: unknown, index: string): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : undefined;
  return cause instanceof Error && 'constraint' in cause && cause.constraint === index;
}

/**
 * Until when the lane `p` is shut, by quota or rate, or because its platform `pl` has a hold `h`, or nothing is known of its merchant `m`.
 * @param urgent SQL: whether the deletion is
 */
const laneBlock = (urgent: string) =>
  `GREATEST(CASE WHEN ${urgent} THEN p.urgent_blocked_until ELSE p.blocked_until END,
     CASE WHEN h.platform_id IS NOT NULL THEN GREATEST(${PROBE_AT}, now() + interval '1 s') END,
     CASE WHEN ${AWAITS_FACTS} THEN now() + ${FACTS_LOOK} END)`;
const LANE_BLOCK_REASON = `CASE WHEN h.platform_id IS NOT NULL THEN 'platform' WHEN ${AWAITS_FACTS} THEN 'facts' ELSE p.blocked_for END`;

/**
 * How a deletion `d` looks whose lane is shut: what the lane waits for counts as the deletion's own waiting.
 * @param block SQL: until when @param reason SQL: because of what
 */
function seen(block: string, reason: string) {
  const waits = `(${isReadyInLane('d')} AND ${block} > now())`;
  return {
    state: `CASE WHEN ${waits} THEN 'waiting' WHEN d.state = 'scheduled' AND d.ready_at <= now() THEN 'queued' ELSE d.state END`,
    waitingFor: `CASE WHEN ${waits} THEN ${reason} ELSE d.waiting_for END`,
    waitingUntil: `CASE WHEN ${waits} THEN ${block} ELSE d.waiting_until END`,
  };
}

const SEEN = seen(laneBlock('d.is_urgent'), LANE_BLOCK_REASON);
/**
 * The same of deletions that are read in an order until a page is full: whatever their lanes are taken for to decide, each is looked up
 * for its own, and no table of them is read. OFFSET keeps it so.
 */
const SEEN_ONE_BY_ONE = `
  FROM deletions d CROSS JOIN LATERAL (SELECT * FROM merchants WHERE id = d.merchant_id OFFSET 0) AS m
  CROSS JOIN LATERAL (SELECT * FROM platforms WHERE id = m.platform_id OFFSET 0) AS pl
  LEFT JOIN LATERAL (SELECT * FROM platform_holds WHERE platform_id = m.platform_id OFFSET 0) AS h ON true
  LEFT JOIN LATERAL (SELECT * FROM merchant_pacing WHERE merchant_id = d.merchant_id OFFSET 0) AS p ON true`;
/** Where the columns come from that SEEN_STATE speaks of. */
export const SEEN_FROM = `
  FROM deletions d JOIN merchants m ON m.id = d.merchant_id JOIN platforms pl ON pl.id = m.platform_id
  ${WITH_HOLD} LEFT JOIN merchant_pacing p ON p.merchant_id = d.merchant_id`;
/** Of a deletion `d`, its lane `p`, its platform `pl` and the hold `h` of that. */
export const SEEN_STATE = SEEN.state;

/** Of what is open in a state. By it those are found among the few that are open; which of these it is, their lane tells. */
const STORED_WHEN: Partial<Record<DeletionState, string>> = {
  scheduled: `d.finished_at IS NULL AND d.state = 'scheduled'`,
  queued: `d.finished_at IS NULL AND d.state IN ('scheduled', 'queued')`,
  running: `d.finished_at IS NULL AND d.dispatched_at IS NOT NULL AND d.state = 'running'`,
  waiting: `d.finished_at IS NULL AND (d.state = 'waiting' OR d.dispatched_at IS NULL AND d.ready_at <= now())`,
};

/** SQL over a deletion `d`: whether it looks to be in the state. What has ended looks as it is stored. @param value SQL */
function isInState(state: DeletionState, value: string): string {
  const stored = STORED_WHEN[state];
  return stored ? `${stored} AND ${SEEN_STATE} = ${value}` : `d.finished_at IS NOT NULL AND d.state = ${value}`;
}

/** The aliases of VIEW_COLUMNS. */
const VIEW = { merchant: 'm', platform: 'pl' };

/** The parameters of a statement, and what adds one. */
function statement(...parameters: unknown[]) {
  return { parameters, bind: (value: unknown) => `$${parameters.push(value)}` };
}

/** Of a deletion as SEEN_FROM has it. Those of `d` alone serve the statement that accepts one, too. */
const VIEW_COLUMNS = {
  id: 'd.id',
  merchantId: 'd.merchant_id AS "merchantId"',
  msgId: 'd.msg_id AS "msgId"',
  articleIdx: 'd.article_idx AS "articleIdx"',
  url: 'd.url',
  askedUrl: 'd.asked_url AS "askedUrl"',
  state: `${SEEN.state} AS state`,
  isUrgent: 'd.is_urgent AS "isUrgent"',
  notBefore: 'd.not_before AS "notBefore"',
  readyAt: 'd.ready_at AS "readyAt"',
  dispatchedAt: 'd.dispatched_at AS "dispatchedAt"',
  attempts: 'd.attempts',
  retries: 'd.retries',
  waitingFor: `${SEEN.waitingFor} AS "waitingFor"`,
  waitingUntil: `${SEEN.waitingUntil} AS "waitingUntil"`,
  outcomeCode: 'd.outcome_code AS "outcomeCode"',
  outcomeErrcode: 'd.outcome_errcode AS "outcomeErrcode"',
  outcomeErrmsg: 'd.outcome_errmsg AS "outcomeErrmsg"',
  outcomeRid: 'd.outcome_rid AS "outcomeRid"',
  proof: 'd.proof',
  tryAnyway: 'd.try_anyway AS "tryAnyway"',
  reason: 'd.reason',
  metadata: 'd.metadata',
  requestId: 'd.request_id AS "requestId"',
  requestedBy: 'd.requested_by AS "requestedBy"',
  takedownId: 'd.takedown_id AS "takedownId"',
  createdAt: 'd.created_at AS "createdAt"',
  finishedAt: 'd.finished_at AS "finishedAt"',
  authorizerAppid: 'm.authorizer_appid AS "authorizerAppid"',
  componentAppid: 'pl.component_appid AS "componentAppid"',
} satisfies Record<Exclude<keyof DeletionView, 'isHidden'>, string>;
/** @param from SEEN_FROM, or SEEN_ONE_BY_ONE */
const selectView = (reader: Scope, bind: (value: unknown) => string, from = SEEN_FROM) =>
  `SELECT ${Object.values(VIEW_COLUMNS).join(', ')}, NOT ${askedWithin(reader, 'd.requested_by', bind)} AS "isHidden" ${from}`;

const asTold = (view: DeletionView): DeletionView => (view.isHidden ? { ...view, reason: null, metadata: null } : view);

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

/** What a read of the new row would tell. Field by field: objects that are spread into each other keep V8 busy collecting them. */
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
