import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows, statement } from '@app/database';
import { inScope, type Scope } from '@app/scope';
import type { IneligibleReason } from './eligibility.js';
import type { Source } from './merchant.entity.js';

/** As much of a merchant as is needed to accept work for it. */
export interface MerchantCard {
  id: string;
  authorizerAppid: string;
  componentAppid: string;
  /** The `__biz` of its article addresses, once one was seen. */
  biz: string | null;
  /** Who told of `biz`. */
  bizSource: Source | null;
  ineligibleReasons: IneligibleReason[];
}

/** Looks many merchants up at once. */
@Injectable()
export class MerchantDirectory {
  constructor(private readonly dataSource: DataSource) {}

  /** Those in scope; several cards where an account authorized several platforms. */
  byAppids(scope: Scope, authorizerAppids: string[]): Promise<MerchantCard[]> {
    return this.find(scope, 'm.authorizer_appid', authorizerAppids);
  }

  /** Those in scope whose article addresses carry one of these `__biz`. */
  async byBiz(scope: Scope, biz: string[]): Promise<MerchantCard[]> {
    const found = await this.find(scope, 'm.biz', biz);
    return found.filter((card) => card.biz !== null);
  }

  byIds(scope: Scope, ids: string[]): Promise<MerchantCard[]> {
    return this.find(scope, 'm.id', ids);
  }

  private async find(scope: Scope, column: string, wanted: string[]): Promise<MerchantCard[]> {
    if (wanted.length === 0) return [];
    const { parameters, bind } = statement(wanted);
    return rows(
      this.dataSource,
      `SELECT m.id, m.authorizer_appid AS "authorizerAppid", pl.component_appid AS "componentAppid",
         CASE WHEN m.biz_source IS NOT NULL THEN m.biz END AS biz, m.biz_source AS "bizSource",
         m.ineligible_reasons AS "ineligibleReasons"
       FROM merchants m JOIN platforms pl ON pl.id = m.platform_id
       WHERE ${column} = ANY($1) AND ${inScope(scope, { merchant: 'm', platform: 'pl' }, bind)}
       ORDER BY m.authorizer_appid, pl.component_appid`,
      parameters,
    );
  }
}

/** Why there is no telling which merchant is meant. `code` is stable. */
export interface Unchosen {
  code: 'merchant_not_found' | 'platform_required';
  detail: string;
}

/** The one of an appid's cards that a request means, which names the platform where the account authorized several. */
export function chooseMerchant(
  { merchant, component_appid: componentAppid }: { merchant: string; component_appid?: string | undefined },
  cards: MerchantCard[],
): MerchantCard | Unchosen {
  const found = cards.filter((card) => componentAppid === undefined || card.componentAppid === componentAppid);
  const [card] = found;
  if (!card) return { code: 'merchant_not_found', detail: `There is no merchant ${merchant}.` };
  if (found.length === 1) return card;
  const platforms = found.map((one) => one.componentAppid).join(', ');
  return { code: 'platform_required', detail: `Merchant ${merchant} authorized several platforms: ${platforms}.` };
}
