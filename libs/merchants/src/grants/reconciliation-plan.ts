import type { ListedAuthorizer } from './authorizer-lists.js';
import type { MerchantState } from '../merchants/eligibility.js';

/** What we knew of a merchant before WeChat's list was read. */
export interface KnownGrant {
  state: MerchantState;
  refreshToken: string | undefined;
  grantedAt: Date | null;
}

/**
 * `add`: nobody told us of it. `repair`: take over the refresh token. `readopt`: we thought that the grant was gone.
 * `renew`: our token is theirs, but the merchant has authorized anew, perhaps with other permission sets. `nothing`:
 * what we have is as good.
 */
export type ReconciliationStep = 'add' | 'repair' | 'readopt' | 'renew' | 'nothing';

/**
 * What one line of WeChat's list of authorizers means for a merchant. A blank overwrites nothing, and a token of ours
 * is replaced only where the list tells of a later authorization than ours: else minting finds out which one is right.
 */
export function reconciliationStep(listed: ListedAuthorizer, known: KnownGrant | undefined): ReconciliationStep {
  if (!known) return 'add';
  if (!listed.refreshToken) return 'nothing';
  const isRenewed = isLater(listed.authTime, known.grantedAt);
  const hasOtherToken = listed.refreshToken !== known.refreshToken;
  switch (known.state) {
    case 'authorized':
      if (hasOtherToken && (!known.refreshToken || isRenewed)) return 'repair';
      return isRenewed ? 'renew' : 'nothing';
    case 'unauthorized':
      // An event wipes the token, and the list may be older than the event: then only a newer grant counts. A token
      // that is there still means that a single answer (61003) spoke against the grant, which the list now contradicts.
      return isRenewed || known.refreshToken !== undefined ? 'readopt' : 'nothing';
    case 'reauthorization_required':
      return isRenewed || hasOtherToken ? 'readopt' : 'nothing';
  }
}

/** In whole seconds, as WeChat tells its time. */
function isLater(authTime: number | undefined, grantedAt: Date | null): boolean {
  if (authTime === undefined) return false;
  return grantedAt === null || authTime > Math.floor(grantedAt.getTime() / 1000);
}
