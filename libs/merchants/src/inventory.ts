import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { inScope, merchantInScope, type Scope } from './scope.js';

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

/** Questions to the inventory that are about many merchants at once. */
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
    const parameters: unknown[] = [
      materials.map(({ mid }) => mid),
      materials.map(({ idx }) => idx),
      materials.map(({ sn }) => sn),
      shortIds,
    ];
    const bind = (value: unknown) => `$${parameters.push(value)}`;
    const columns = `a.merchant_id AS "merchantId", a.msg_id AS "msgId", a.article_idx AS "articleIdx", a.mid, a.idx, a.sn,
      a.short_id AS "shortId", m.status`;
    const message = `JOIN mass_messages m ON m.merchant_id = a.merchant_id AND m.msg_id = a.msg_id`;
    const visible = merchantInScope(scope, 'a.merchant_id', bind);
    return rows(
      this.dataSource,
      `SELECT DISTINCT ${columns} FROM unnest($1::text[], $2::int[], $3::text[]) AS material (mid, idx, sn)
         JOIN mass_message_articles a ON a.mid = material.mid AND a.idx = material.idx AND a.sn = material.sn ${message}
       WHERE ${visible}
       UNION
       SELECT ${columns} FROM mass_message_articles a ${message} WHERE a.short_id = ANY($4) AND ${visible}`,
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
    const parameters: unknown[] = [label, limit];
    const bind = (value: unknown) => `$${parameters.push(value)}`;
    const from = after && `(m.merchant_id, m.msg_id) > (${bind(after.merchantId)}::uuid, ${bind(after.msgId)}::bigint)`;
    return rows(
      this.dataSource,
      `SELECT me.authorizer_appid AS "authorizerAppid", pl.component_appid AS "componentAppid", m.msg_id AS "msgId",
         m.merchant_id AS "merchantId", m.status
       FROM mass_messages m JOIN merchants me ON me.id = m.merchant_id JOIN platforms pl ON pl.id = me.platform_id
       WHERE m.label = $1 AND ${inScope(scope, { merchant: 'me', platform: 'pl' }, bind)} AND ${from ?? 'TRUE'}
       ORDER BY m.merchant_id, m.msg_id LIMIT $2`,
      parameters,
    );
  }
}

/** A send that shares its page with one that is to be deleted. */
export interface SharedSend {
  authorizerAppid: string;
  merchantId: string;
  msgId: string;
  articleIdx: number;
}
