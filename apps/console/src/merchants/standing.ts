import type { Merchant } from '@app/client';

/** What can be done for a merchant, in one word. */
export type Standing = 'eligible' | 'unknown' | 'ineligible';

export const standingOf = ({ eligible, facts_unknown }: Pick<Merchant, 'eligible' | 'facts_unknown'>): Standing =>
  !eligible ? 'ineligible' : facts_unknown ? 'unknown' : 'eligible';

export interface QuotaUse {
  used: number;
  limit: number;
  left: number;
  /** In percent, of what may be used. */
  percent: number;
  level: 'fine' | 'low' | 'spent';
}

/** A fifth is left, or less. */
const LOW_PERCENT = 80;

export function quotaUse({ quota, limits }: Pick<Merchant, 'quota' | 'limits'>): QuotaUse {
  const { used_today: used } = quota;
  const { daily_limit: limit } = limits;
  const percent = limit === 0 ? 100 : Math.min(100, Math.round((used / limit) * 100));
  const left = Math.max(0, limit - used);
  return { used, limit, left, percent, level: left === 0 ? 'spent' : percent >= LOW_PERCENT ? 'low' : 'fine' };
}

/**
 * `idle`: none is kept just now, and one is fetched when it is needed. `conflict`: another system fetches tokens of this
 * account as well.
 */
export type TokenHealth = 'valid' | 'idle' | 'conflict' | 'no_grant';

export function tokenHealth(
  { state, token_conflict, token_expires_at }: Pick<Merchant, 'state' | 'token_conflict' | 'token_expires_at'>,
  now: number,
): TokenHealth {
  if (state !== 'authorized') return 'no_grant';
  if (token_conflict) return 'conflict';
  return token_expires_at !== null && Date.parse(token_expires_at) > now ? 'valid' : 'idle';
}

/** How a merchant is called: as it calls itself, or else as it is called here, or by its appid. */
export const nameOf = ({ nick_name, ref, appid }: Pick<Merchant, 'nick_name' | 'ref' | 'appid'>): string =>
  nick_name || ref || appid;

/** Without this set, nothing can be taken back. */
export const MASS_AND_NOTIFICATION = 7;

/** Set 7 first, for it is what matters here. */
export const setsInOrder = (sets: readonly number[]): number[] =>
  [...sets].sort((a, b) => Number(b === MASS_AND_NOTIFICATION) - Number(a === MASS_AND_NOTIFICATION) || a - b);
