import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import { rows, statement } from '@app/database';
import { merchantInScope, Merchants, type Alongside } from '@app/merchants';
import { askedWithin, EVERYTHING, isEverything, type Scope } from '@app/scope';
import { CAN_BE_STOPPED, endAs } from '../deletion/conditions.js';
import { tellOf } from '../deletion/deletion-events.js';
import { goneBy, OBSTACLES, type WishColumns } from '../gone/known-gone.js';
import { statesBefore } from '../deletion/states.js';
import { WHOLE_MESSAGE, type Target } from '../deletion/target.js';
import { DeletionStateConflict, MerchantNotEligible, NotYours, TargetRefused } from '../errors.js';
import { wakeLanes } from '../lanes/lane-wakes.js';
import { Ceilings, type Wanted } from './ceilings.js';
import { noteWish, OWNER } from './deletion-owner.js';
import type { DeletionView } from './deletion-view.js';
import { DeletionViews } from './deletion-views.js';
import { standingOf } from './target-standing.js';

/** Who has a failed deletion tried again. */
export interface Retrier extends Pick<Wanted, 'allowLate'> {
  /** The API key. */
  requestedBy: string;
}

/** Takes deletions back that have not left their lanes, and has failed ones tried again. */
@Injectable()
export class DeletionChanges {
  constructor(
    private readonly dataSource: DataSource,
    private readonly merchants: Merchants,
    private readonly ceilings: Ceilings,
    private readonly views: DeletionViews,
  ) {}

  /**
   * Before the dispatch it never runs, after it is too late: one statement decides which side a cancel falls on. Back
   * in its lane after a call without an answer, it is too late, too: the message may be gone, and that will be looked
   * into. A caller with limits stops what was asked for within them, as long as nobody beyond them asked for the same.
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
   * Puts a failed deletion back into its lane. If its target is known to be gone meanwhile, the deletion that did it is
   * the answer, and what never was is refused, as a new wish would be. A caller with limits revives what was asked for
   * within them, and may ask anew for the rest.
   * @param requestedBy the API key, whose ceilings count
   * @throws DeletionNotFound, NotYours, DeletionStateConflict, MerchantNotEligible, TargetRefused, PendingTooMany,
   *   EtaTooLate
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
    const failed = await this.views.get(scope, id, sql);
    await this.refuseOthers(sql, scope, id, 'retried');
    const wish = { target: targetOf(failed), askedUrl: failed.askedUrl ?? undefined };
    if (failed.state === 'failed') {
      const { goneId, obstacle } = await standingOf(sql, scope, failed.merchantId, wish);
      if (obstacle !== null) throw new TargetRefused(obstacle, OBSTACLES[obstacle]);
      if (goneId !== null) return { deletion: await this.views.get(EVERYTHING, goneId, sql, scope), isRetried: false };
      const { authorizerAppid, ineligibleReasons: reasons } = await this.merchants.byId(failed.merchantId);
      if (reasons.length > 0) throw new MerchantNotEligible(authorizerAppid, reasons);
      if (requestedBy) await this.keepCeilings(scope, failed, { requestedBy, allowLate });
    }
    // Told apart afterwards: asking within the transaction would take a second connection while holding one.
    if (!(await this.reopen(failed.merchantId, id, requestedBy, alongside)))
      throw await this.conflict(sql, EVERYTHING, id, 'retried');
    return { deletion: await this.views.get(scope, id, sql), isRetried: true };
  }

  private async keepCeilings(scope: Scope, failed: DeletionView, { requestedBy, allowLate }: Retrier): Promise<void> {
    const { merchantId, componentAppid, authorizerAppid, isUrgent } = failed;
    const [asker, wanted] = [
      { requestedBy, scope },
      { isUrgent, allowLate },
    ];
    const name = `${componentAppid}/${authorizerAppid}`;
    const full = await this.ceilings.ofAll(asker);
    const looked = await this.ceilings.ofKnownMerchant(asker, name, wanted);
    const refusal = full ?? (looked ?? (await this.ceilings.ofMerchant(asker, name, merchantId, wanted))).refusal;
    if (refusal) throw refusal;
    this.ceilings.note(asker, name);
  }

  /**
   * @returns false when it has not failed, or another deletion of the same target is open or has succeeded: then it
   *   stays as it is
   */
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
          `UPDATE deletions d SET state = 'queued', finished_at = NULL, dispatched_at = NULL, ready_at = now(),
             retries = 0, run_id = NULL, running_until = NULL,
             outcome_code = NULL, outcome_errcode = NULL, outcome_errmsg = NULL, outcome_rid = NULL
           WHERE id = $1 AND merchant_id = $2 AND state = 'failed' AND ${goneBy(RETRIED, 'TRUE')} IS NULL
           RETURNING ready_at AS "readyAt"`,
          [id, merchantId],
        );
        if (again && requestedBy) await noteWish(tx, id, requestedBy);
        if (again) await wakeLanes(tx, [merchantId], again.readyAt);
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
      `SELECT ${within(OWNER)}
         AND NOT EXISTS (SELECT 1 FROM unnest(d.also_requested_by) AS k (id) WHERE NOT ${within('k.id')})
         AND NOT EXISTS (SELECT 1 FROM takedown_links l JOIN takedowns t ON t.id = l.takedown_id
           WHERE l.deletion_id = d.id AND t.finished_at IS NULL AND t.state <> 'cancelled'
             AND NOT ${within('t.requested_by')}) AS "isOwn"
       FROM deletions d WHERE d.id = $1 AND ${merchantInScope(scope, 'd.merchant_id', bind)}`,
      parameters,
    );
    // Not there, or it succeeded so long ago that it is kept no more.
    if (!found) throw await this.conflict(tx, scope, id, wanted);
    if (!found.isOwn) throw new NotYours(id, wanted);
  }

  private async conflict(
    tx: EntityManager,
    scope: Scope,
    id: string,
    wanted: 'cancelled' | 'retried',
  ): Promise<DeletionStateConflict> {
    const { state, dispatchedAt, finishedAt } = await this.views.get(scope, id, tx);
    // Or back in its lane after a call without an answer: only then is one that is open refused a cancel.
    const isDispatched = finishedAt === null && (dispatchedAt !== null || wanted === 'cancelled');
    return new DeletionStateConflict(id, isDispatched ? 'dispatched' : state, wanted);
  }
}

/** Takedowns that had counted it among those that have ended count again. */
async function unsettle(tx: EntityManager, id: string): Promise<void> {
  await tx.query(
    `UPDATE takedowns SET settled_counts = NULL WHERE settled_counts IS NOT NULL AND id = ANY(ARRAY(
       SELECT takedown_id FROM deletions WHERE id = $1
       UNION ALL SELECT takedown_id FROM takedown_links WHERE deletion_id = $1))`,
    [id],
  );
}

const RETRIED: WishColumns = {
  merchantId: 'd.merchant_id',
  msgId: 'd.msg_id',
  articleIdx: 'd.article_idx',
  targetKey: 'd.target_key',
};

function targetOf({ msgId, articleIdx, url }: DeletionView): Target {
  return msgId === null ? { url: url ?? '' } : { msgId: BigInt(msgId), articleIdx: articleIdx ?? WHOLE_MESSAGE };
}

/** Whether Postgres refused a row because of this unique index. */
function isTaken(error: unknown, index: string): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : undefined;
  return cause instanceof Error && 'constraint' in cause && cause.constraint === index;
}
