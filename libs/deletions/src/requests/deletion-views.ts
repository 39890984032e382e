import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { momentOf, rows, statement } from '@app/database';
import { countedInventory, onPlatformsOf } from '@app/merchants';
import { inScope, isEverything, type Scope } from '@app/scope';
import { DeletionAttempt } from '../deletion/deletion-attempt.entity.js';
import { earliestIdOf, latestIdOf } from '../deletion/id-bounds.js';
import { isEndedListed } from '../deletion/conditions.js';
import type { DeletionState, WaitingFor } from '../deletion/states.js';
import { DeletionNotFound, type SharedArticle } from '../errors.js';
import {
  asTold,
  isInState,
  isWaitingFor,
  oneByOne,
  SEEN_FROM,
  SEEN_ONE_BY_ONE,
  SEEN_PRUNED,
  selectView,
  STORED_WHEN,
  VIEW,
  type DeletionView,
} from './deletion-view.js';
import { samePlatforms, sharedList } from './target-standing.js';

export interface DeletionFilter {
  merchantId?: string | undefined;
  state?: DeletionState | undefined;
  waitingFor?: WaitingFor | undefined;
  /** How it ended. */
  outcomeCode?: string | undefined;
  msgId?: string | undefined;
  /** What WeChat said in the end. */
  errcode?: number | undefined;
  /** Those that it made, and those that it found open. */
  takedownId?: string | undefined;
  /** From this moment on. */
  createdAfter?: Date | undefined;
  /** Before this moment. */
  createdBefore?: Date | undefined;
  finishedAfter?: Date | undefined;
  finishedBefore?: Date | undefined;
  limit: number;
  /** Newest first: the place after which the page starts. */
  after?: DeletionPlace | undefined;
}

export interface DeletionPlace {
  id: string;
  /** Where those that ended last come first. */
  finishedMicros?: string | undefined;
}

/**
 * Whether those that ended last come first, as an index has them. With a span in which they were asked for, or of one
 * takedown, the order is that of their ids.
 */
export const isByEnd = (
  filter: Pick<DeletionFilter, 'finishedAfter' | 'finishedBefore' | 'createdAfter' | 'createdBefore' | 'takedownId'>,
): boolean =>
  (filter.finishedAfter ?? filter.finishedBefore) !== undefined &&
  (filter.createdAfter ?? filter.createdBefore ?? filter.takedownId) === undefined;

/** Deletions as they are shown. */
@Injectable()
export class DeletionViews {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(DeletionAttempt) private readonly attemptRows: Repository<DeletionAttempt>,
  ) {}

  /**
   * What is out of scope is not found, as if it were not there. Of a deletion that succeeded and is kept no more, what
   * is known still is found.
   * @param reader who is told of what is found
   * @throws DeletionNotFound
   */
  async get(
    scope: Scope,
    id: string,
    tx: EntityManager = this.dataSource.manager,
    reader: Scope = scope,
  ): Promise<DeletionView> {
    // In this order: one that is pruned meanwhile is found by the second.
    for (const from of [SEEN_FROM, SEEN_PRUNED]) {
      const { parameters, bind } = statement(id);
      const [view] = await rows<DeletionView>(
        tx,
        `${selectView(reader, bind, from)} WHERE d.id = $1 AND ${inScope(scope, VIEW, bind)}`,
        parameters,
      );
      if (view) return asTold(view);
    }
    throw new DeletionNotFound(id);
  }

  async list(scope: Scope, filter: DeletionFilter): Promise<DeletionView[]> {
    const { merchantId, state, waitingFor, outcomeCode, msgId, errcode, takedownId } = filter;
    const { createdAfter, createdBefore, finishedAfter, finishedBefore, limit, after } = filter;
    const isOpen = waitingFor !== undefined || (state !== undefined && state in STORED_WHEN);
    const hasEnded =
      (state !== undefined && !(state in STORED_WHEN)) || (finishedAfter ?? finishedBefore ?? outcomeCode);
    // Nothing is both: the indexes of one or the other would be walked for it from end to end.
    if (isOpen && hasEnded) return [];
    const isEndOrdered = isByEnd(filter);
    const { parameters, bind } = statement();
    const where = [
      inScope(scope, VIEW, bind),
      await onPlatformsOf(scope, 'm.platform_id', bind, this.dataSource),
      merchantId && `d.merchant_id = ${bind(merchantId)}`,
      msgId && `d.msg_id = ${bind(msgId)}`,
      errcode !== undefined && `d.outcome_errcode = ${bind(errcode)}`,
      createdAfter && `d.created_at >= ${bind(createdAfter)} AND d.id > ${bind(earliestIdOf(createdAfter))}`,
      createdBefore && `d.created_at < ${bind(createdBefore)} AND d.id < ${bind(latestIdOf(createdBefore))}`,
      finishedAfter && `${isEndedListed('d')} AND d.finished_at >= ${bind(finishedAfter)}`,
      finishedBefore &&
        `${isEndedListed('d')} AND d.finished_at < ${bind(finishedBefore)} AND d.id < ${bind(latestIdOf(finishedBefore))}`,
      after &&
        (isEndOrdered
          ? `(d.finished_at, d.id) < (${momentOf(bind(after.finishedMicros))}, ${bind(after.id)}::uuid)`
          : `d.id < ${bind(after.id)}`),
      state && isInState(state, bind(state)),
      waitingFor && isWaitingFor(waitingFor, bind(waitingFor)),
      outcomeCode && `d.finished_at IS NOT NULL AND d.outcome_code = ${bind(outcomeCode)}`,
    ].filter(Boolean);
    const order = isEndOrdered ? 'd.finished_at DESC, d.id DESC' : 'd.id DESC';
    const most = bind(limit);
    // Where deletions alone make the page, it is cut before merchants and lanes are looked up. Uncut, Postgres expects to look up
    // all of them, and allocates a cache for as many (Memoize), which takes longer than the page. Where the lanes of deletions
    // decide, deletions still come first, unless their merchants are fewer.
    const areAlone = isEverything(scope) && !isOpen;
    const isOfTakedown = takedownId !== undefined && scope.merchants === null;
    const areDeletionsFirst = isEverything(scope) || isOfTakedown || waitingFor || (state && STORED_WHEN[state]);
    const views = (condition: string, from = areDeletionsFirst ? SEEN_ONE_BY_ONE : SEEN_FROM) =>
      `${selectView(scope, bind, from)} WHERE ${[...where, condition].join(' AND ')}`;
    const pageOf = (condition: string, by: string) => {
      const cut = `ORDER BY ${by} LIMIT ${most}`;
      if (!areAlone) return `${views(condition)} ${cut}`;
      const page = `(SELECT * FROM deletions d WHERE ${[...where, condition].join(' AND ')} ${cut})`;
      return `${selectView(scope, bind, oneByOne(page))} ORDER BY ${by}`;
    };
    const ask = async (text: string) => (await rows<DeletionView>(this.dataSource, text, parameters)).map(asTold);
    if (takedownId === undefined) return ask(pageOf('TRUE', order));
    // Two halves, each by its own index: with OR the whole takedown would be read for a page. In the order of that
    // index, which no other has: Postgres does not know that its deletions lie together, and would walk from the newest
    // of all to where they begin.
    const takedown = bind(takedownId);
    const own = pageOf(`d.takedown_id BETWEEN ${takedown} AND ${takedown}`, 'd.takedown_id DESC, d.id DESC');
    const linked = `
      SELECT view.* FROM takedown_links l
      CROSS JOIN LATERAL (
        ${views('d.id = l.deletion_id')} UNION ALL ${views('d.id = l.deletion_id', SEEN_PRUNED)} OFFSET 0) AS view
      WHERE l.takedown_id = ${takedown} ${after ? `AND l.deletion_id < ${bind(after.id)}` : ''}
      ORDER BY l.deletion_id DESC LIMIT ${most}`;
    return ask(`SELECT * FROM ((${own}) UNION ALL (${linked})) AS both_kinds ORDER BY id DESC LIMIT ${most}`);
  }

  /** @throws DeletionNotFound */
  async attempts(scope: Scope, id: string): Promise<DeletionAttempt[]> {
    await this.get(scope, id);
    return this.attemptRows.find({ where: { deletionId: id }, order: { id: 'ASC' } });
  }

  /** Other sends whose page would go, too. */
  async sharedBy(
    scope: Scope,
    { merchantId, msgId, articleIdx }: DeletionView,
    sql: EntityManager = this.dataSource.manager,
  ): Promise<SharedArticle[]> {
    if (msgId === null) return [];
    const { parameters, bind } = statement(merchantId, msgId, articleIdx);
    const wish = { merchantId: '$1::uuid', msgId: '$2::bigint', articleIdx: '$3::int' };
    const [found] = await rows<{ shared: SharedArticle[] }>(
      sql,
      `SELECT ${sharedList(wish, samePlatforms(scope, bind), countedInventory(scope, bind))} AS shared`,
      parameters,
    );
    return found?.shared ?? [];
  }
}
