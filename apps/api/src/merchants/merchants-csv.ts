import type { Merchant } from '@app/merchants';
import { csvText } from '../http/answers/csv.js';

const COLUMNS = [
  'appid',
  'component_appid',
  'nick_name',
  'principal_name',
  'ref',
  'state',
  'eligible',
  'ineligible_reasons',
  'reauthorize_url',
] as const;

/** A merchant as the list in CSV has it. */
export interface ListedMerchant {
  merchant: Merchant;
  componentAppid: string;
  reauthorizeUrl: string;
}

/** The links by which merchants authorize again, for those who send them out. */
export const merchantsCsv = (listed: AsyncIterable<ListedMerchant>): AsyncGenerator<string> =>
  csvText(COLUMNS, cells(listed));

async function* cells(listed: AsyncIterable<ListedMerchant>) {
  for await (const { merchant, componentAppid, reauthorizeUrl } of listed) {
    yield {
      appid: merchant.authorizerAppid,
      component_appid: componentAppid,
      nick_name: merchant.nickName,
      principal_name: merchant.principalName,
      ref: merchant.ref,
      state: merchant.state,
      eligible: merchant.ineligibleReasons.length === 0,
      ineligible_reasons: merchant.ineligibleReasons.join(' '),
      reauthorize_url: reauthorizeUrl,
    };
  }
}
