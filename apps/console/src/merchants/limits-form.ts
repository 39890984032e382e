import type { Merchant, UpdateMerchant } from '@app/client';

/** What is typed. Empty: the name is taken away, or the deployment's own limit counts. */
export interface LimitsForm {
  ref: string;
  ratePerMinute: string;
  dailyLimit: string;
}
export type LimitsField = keyof LimitsForm;

export const RANGES = {
  ratePerMinute: { min: 1, max: 100_000 },
  dailyLimit: { min: 0, max: 10_000_000 },
} as const;

export const formOf = ({ ref, limits }: Pick<Merchant, 'ref' | 'limits'>): LimitsForm => ({
  ref: ref ?? '',
  ratePerMinute: String(limits.rate_per_minute),
  dailyLimit: String(limits.daily_limit),
});

const isWithin = (text: string, { min, max }: { min: number; max: number }): boolean =>
  /^\d{1,8}$/.test(text) && Number(text) >= min && Number(text) <= max;

/** The fields with numbers that the api would refuse. */
export const wrongFields = (form: LimitsForm): LimitsField[] =>
  (['ratePerMinute', 'dailyLimit'] as const).filter(
    (field) => form[field].trim() !== '' && !isWithin(form[field].trim(), RANGES[field]),
  );

/** What differs from before: what nobody has touched stays as it is, also where it is the deployment's own. */
export function changesOf(before: LimitsForm, after: LimitsForm): UpdateMerchant {
  const numberOf = (text: string) => (text.trim() === '' ? null : Number(text.trim()));
  const isChanged = (field: LimitsField) => before[field].trim() !== after[field].trim();
  return {
    ...(isChanged('ref') && { ref: after.ref.trim() || null }),
    ...(isChanged('ratePerMinute') && { rate_per_minute: numberOf(after.ratePerMinute) }),
    ...(isChanged('dailyLimit') && { daily_limit: numberOf(after.dailyLimit) }),
  };
}
