import type { AccountQuotas } from '@app/deletions';
import type { IneligibleReason, MerchantCounts } from '@app/merchants';

/** How many merchants there are, of which kinds, and what their accounts have of the day's deletions. */
export interface Census {
  merchants: MerchantCounts[];
  quotas: AccountQuotas[];
}

export const NOBODY: Census = { merchants: [], quotas: [] };

/** Of the merchants of both, who are not the same, nor are their accounts. */
export function added(one: Census, other: Census): Census {
  return {
    merchants: merged([...one.merchants, ...other.merchants], ({ platformId }) => platformId, bothCounts),
    quotas: merged(
      [...one.quotas, ...other.quotas],
      ({ platformIds, day }) => [day, ...platformIds].join(),
      (these, those) => ({
        ...these,
        accounts: these.accounts + those.accounts,
        limits: these.limits + those.limits,
        used: these.used + those.used,
      }),
    ),
  };
}

/** Of the merchants of these platforms alone. An account that two of them serve counts once. */
export function onPlatforms({ merchants, quotas }: Census, ids: ReadonlySet<string>): Census {
  return {
    merchants: merchants.filter(({ platformId }) => ids.has(platformId)),
    quotas: quotas.filter(({ platformIds }) => platformIds.some((id) => ids.has(id))),
  };
}

/** As it was before it became JSON. */
export function revived({ merchants, quotas }: Census): Census {
  const moment = (since: Date | null) => since && new Date(since);
  return {
    merchants: merchants.map((counts) => ({ ...counts, factsUnreadableSince: moment(counts.factsUnreadableSince) })),
    quotas,
  };
}

function merged<One>(all: One[], keyOf: (one: One) => string, both: (one: One, other: One) => One): One[] {
  const byKey = new Map<string, One>();
  for (const one of all) {
    const before = byKey.get(keyOf(one));
    byKey.set(keyOf(one), before === undefined ? one : both(before, one));
  }
  return [...byKey.values()];
}

function bothCounts(these: MerchantCounts, those: MerchantCounts): MerchantCounts {
  const reasons = Object.keys(these.reasons) as IneligibleReason[];
  const since = [these, those].map(({ factsUnreadableSince }) => factsUnreadableSince).filter((at) => at !== null);
  return {
    platformId: these.platformId,
    merchants: these.merchants + those.merchants,
    eligible: these.eligible + those.eligible,
    factsUnknown: these.factsUnknown + those.factsUnknown,
    factsUnreadable: these.factsUnreadable + those.factsUnreadable,
    factsUnreadableSince: since.length > 0 ? new Date(Math.min(...since.map(Number))) : null,
    reasons: Object.fromEntries(
      reasons.map((reason) => [reason, these.reasons[reason] + those.reasons[reason]]),
    ) as Record<IneligibleReason, number>,
  };
}
