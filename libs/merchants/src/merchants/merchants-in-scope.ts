import type { Bind } from '@app/database';
import { inScope, isEverything, type Scope } from '@app/scope';

/** SQL on a column that holds a merchant's id, e.g. `d.merchant_id`: whether that merchant is within the scope. */
export function merchantInScope(scope: Scope, merchantId: string, bind: Bind): string {
  if (isEverything(scope)) return 'TRUE';
  return `EXISTS (SELECT 1 FROM merchants sm JOIN platforms sp ON sp.id = sm.platform_id
    WHERE sm.id = ${merchantId} AND ${inScope(scope, { merchant: 'sm', platform: 'sp' }, bind)})`;
}
