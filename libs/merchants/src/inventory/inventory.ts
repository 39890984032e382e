import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordset, rows, statement } from '@app/database';
import { inScope, isEverything, type Scope } from '@app/scope';
import { countedInventory, type ArticleSource } from './counted-inventory.js';
import { merchantInScope } from '../merchants/merchants-in-scope.js';

/** Where an article was sent. */
export interface FoundArticle {
  merchantId: string;
  /** Decimal digits. */
  msgId: string;
  articleIdx: number;
  mid: string | null;
  idx: number | null;
  sn: string | null;
  shortId: string | null;
  /** As WeChat said it, or `imported`. */
  status: string;
  /** Who told of its address. */
  source: ArticleSource;
}

/** Of a message that never went out there is nothing to take back, and the call would be spent. */
export const wasSent = (status: string): boolean => status === 'imported' || status.replace(' ', '') === 'sendsuccess';

/** A mass message of somebody's, as far as is needed to take it back. */
export interface LabelledMessage {
  authorizerAppid: string;
  componentAppid: string;
  /** Decimal digits. */
  msgId: string;
  merchantId: string;
  /** As WeChat said it, or `imported`. */
  status: string;
}

/**
 * Questions to the inventory that are about many merchants at once. They are answered with what counts for who asks.
 */
@Injectable()
export class Inventory {
  constructor(private readonly dataSource: DataSource) {}

  /** Every send of these articles, by the material that a long address names, or by the name in a short one. */
  async findArticles(
    scope: Scope,
    materials: { mid: string; idx: number; sn: string }[],
    shortIds: string[],
  ): Promise<FoundArticle[]> {
    if (materials.length + shortIds.length === 0) return [];
    const { parameters, bind } = statement();
    const wanted = recordset(bind, 'material', materials, { mid: 'text', idx: 'int', sn: 'text' });
    const names = bind(shortIds);
    const { messages, articles } = countedInventory(scope, bind);
    const columns = `a.merchant_id AS "merchantId", a.msg_id AS "msgId", a.article_idx AS "articleIdx", a.mid, a.idx, a.sn,
      a.short_id AS "shortId", m.status, a.source`;
    const message = `CROSS JOIN LATERAL (${messageOf('a', messages)}) AS m`;
    const visible = merchantInScope(scope, 'a.merchant_id', bind);
    return rows(
      this.dataSource,
      // OFFSET has each address looked up by the indexes, also where several tables are asked.
      `SELECT ${columns} FROM ${wanted}
         CROSS JOIN LATERAL (
           SELECT * FROM ${articles} AS b
           WHERE b.mid = material.mid AND b.idx = material.idx AND b.sn = material.sn OFFSET 0) a ${message}
       WHERE ${visible}
       UNION
       SELECT ${columns} FROM ${articles} a ${message} WHERE a.short_id = ANY(${names}) AND ${visible}`,
      parameters,
    );
  }

  /** A page of the messages with this label. `after`: the message after which the page starts. */
  async labelled(
    scope: Scope,
    label: string,
    limit: number,
    after?: Pick<LabelledMessage, 'merchantId' | 'msgId'>,
  ): Promise<LabelledMessage[]> {
    const { parameters, bind } = statement(label, limit);
    const { messages, labels } = countedInventory(scope, bind);
    // A page ends before most merchants are looked at, unless the limits leave few: then these come first.
    const oneByOne = isEverything(scope) ? 'OFFSET 0' : '';
    const from = after && `(l.merchant_id, l.msg_id) > (${bind(after.merchantId)}::uuid, ${bind(after.msgId)}::bigint)`;
    return rows(
      this.dataSource,
      `SELECT DISTINCT ON (l.merchant_id, l.msg_id) me."authorizerAppid", me."componentAppid",
         l.msg_id AS "msgId", l.merchant_id AS "merchantId", m.status
       FROM ${labels} l CROSS JOIN LATERAL (
           SELECT me.authorizer_appid AS "authorizerAppid", pl.component_appid AS "componentAppid"
           FROM merchants me JOIN platforms pl ON pl.id = me.platform_id
           WHERE me.id = l.merchant_id AND ${inScope(scope, { merchant: 'me', platform: 'pl' }, bind)} ${oneByOne}
         ) AS me CROSS JOIN LATERAL (${messageOf('l', messages)}) AS m
       WHERE l.label = $1 AND ${from ?? 'TRUE'}
       ORDER BY l.merchant_id, l.msg_id LIMIT $2`,
      parameters,
    );
  }
}

/** SQL: the message of a row, looked up by the indexes of each table that is asked, which OFFSET sees to. */
const messageOf = (row: string, messages: string) => `
  SELECT mm.status FROM ${messages} AS mm
  WHERE mm.merchant_id = ${row}.merchant_id AND mm.msg_id = ${row}.msg_id OFFSET 0`;

/** A send that shares its page with one that is to be deleted. */
export interface SharedSend {
  authorizerAppid: string;
  merchantId: string;
  msgId: string;
  articleIdx: number;
}
