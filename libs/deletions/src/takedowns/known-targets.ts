import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordset, rows, statement } from '@app/database';
import { countedInventory, type CountedInventory, type SharedSend } from '@app/merchants';
import type { Scope } from '@app/scope';
import type { SharedArticle } from '../errors.js';
import { goneBy, isOfPlatforms, obstacleTo, sharedWith, wishOf, type OBSTACLES } from '../gone/known-gone.js';
import type { TakedownItem } from './takedown-item.js';
import { targetColumns, targetKey, WHOLE_MESSAGE } from '../deletion/target.js';

/** What is known of many targets at once, by the lines that name them. */
@Injectable()
export class KnownTargets {
  constructor(private readonly dataSource: DataSource) {}

  /** Why nothing can be deleted at some of them. */
  async obstaclesAmong(items: TakedownItem[], scope: Scope): Promise<Map<number, keyof typeof OBSTACLES>> {
    const found = await this.ask<{ line: number; code: keyof typeof OBSTACLES }>(
      items,
      scope,
      (targets, within, counted) => `SELECT * FROM (
         SELECT t.line, ${obstacleTo(wishOf('t'), within, counted())} AS code FROM ${targets}
       ) AS known WHERE code IS NOT NULL`,
    );
    return new Map(found.map(({ line, code }) => [line, code]));
  }

  /** The lines whose target is gone, as far as the caller may know. */
  async goneAmong(items: TakedownItem[], scope: Scope): Promise<Set<number>> {
    const found = await this.ask<{ line: number }>(
      items,
      scope,
      (targets, within) => `SELECT t.line FROM ${targets} WHERE ${goneBy(wishOf('t'), within)} IS NOT NULL`,
    );
    return new Set(found.map(({ line }) => line));
  }

  /** The lines whose target is open already. */
  async openAmong(items: TakedownItem[]): Promise<Set<number>> {
    if (items.length === 0) return new Set();
    const { parameters, bind } = statement();
    const wanted = recordset(bind, 't', items.map(wishedTarget), {
      line: 'int',
      merchantId: 'uuid',
      targetKey: 'text',
    });
    const open = await rows<{ line: number }>(
      this.dataSource,
      `SELECT t.line FROM ${wanted}
       JOIN deletions d ON d.merchant_id = t.merchant_id AND d.target_key = t.target_key AND d.finished_at IS NULL`,
      parameters,
    );
    return new Set(open.map(({ line }) => line));
  }

  /** Other sends whose page would go, with the lines of those that share it. What is gone already takes nothing along. */
  sharing(items: TakedownItem[], scope: Scope): Promise<(SharedSend & { line: number })[]> {
    return this.ask(
      items,
      scope,
      (targets, within, counted) => `
       SELECT t.line, me.authorizer_appid AS "authorizerAppid", s.merchant_id AS "merchantId", s.msg_id AS "msgId",
         s.article_idx AS "articleIdx"
       FROM ${targets} CROSS JOIN LATERAL (${sharedWith(wishOf('t'), within, counted())}) AS s
         -- OFFSET has each merchant looked up: a join of many lines would read all there are.
         CROSS JOIN LATERAL (SELECT authorizer_appid FROM merchants WHERE id = s.merchant_id OFFSET 0) AS me
       WHERE t.again OR ${goneBy(wishOf('t'), within)} IS NULL ORDER BY 1, 2, 4, 5`,
    );
  }

  /** The same without those that are among the items themselves. */
  async sharedBeside(items: TakedownItem[], scope: Scope): Promise<Map<number, SharedArticle[]>> {
    const own = new Set(items.map(({ merchantId, target }) => `${merchantId}/${targetKey(target)}`));
    const beside = new Map<number, SharedArticle[]>();
    for (const { line, merchantId, msgId, articleIdx } of await this.sharing(items, scope)) {
      const goesAnyway = [articleIdx, WHOLE_MESSAGE].some((idx) => own.has(`${merchantId}/msg:${msgId}:${idx}`));
      if (!goesAnyway) beside.set(line, [...(beside.get(line) ?? []), { msgId, articleIdx }]);
    }
    return beside;
  }

  /**
   * @param question SQL, given the targets, what the caller may know of, as SQL on the merchant `same`, and what counts for it
   */
  private ask<Row>(
    items: TakedownItem[],
    scope: Scope,
    question: (targets: string, within: string, counted: () => CountedInventory) => string,
  ): Promise<Row[]> {
    if (items.length === 0) return Promise.resolve([]);
    const { parameters, bind } = statement();
    const targets = recordset(bind, 't', items.map(wishedTarget), {
      line: 'int',
      merchantId: 'uuid',
      msgId: 'bigint',
      articleIdx: 'int',
      targetKey: 'text',
      askedKey: 'text',
      again: 'boolean',
    });
    const within = scope.platforms === null ? 'TRUE' : isOfPlatforms(bind(scope.platforms));
    return rows(
      this.dataSource,
      question(targets, within, () => countedInventory(scope, bind)),
      parameters,
    );
  }
}

const wishedTarget = ({ line, merchantId, target, askedUrl, again }: TakedownItem) => ({
  line,
  merchantId,
  ...targetColumns(target),
  targetKey: targetKey(target),
  askedKey: askedUrl === undefined ? null : targetKey({ url: askedUrl }),
  again: again ?? false,
});
