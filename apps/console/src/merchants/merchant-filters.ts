import type { MerchantsListData } from '@app/client';

type Query = Omit<NonNullable<MerchantsListData['query']>, 'format'>;

/** The filters of the list, by the names that the api has for them. */
export const merchantFilterNames = [
  'q',
  'eligible',
  'facts_unknown',
  'reason',
  'state',
  'component_appid',
  'ref',
] as const;
export type MerchantFilters = Partial<Record<(typeof merchantFilterNames)[number], string>>;

/** Two filters of the api are one question: what can be done for them? */
export type Service = 'eligible' | 'ineligible' | 'unknown';

export const serviceOf = ({ eligible, facts_unknown }: MerchantFilters): Service | undefined =>
  facts_unknown === 'true'
    ? 'unknown'
    : eligible === 'true'
      ? 'eligible'
      : eligible === 'false'
        ? 'ineligible'
        : undefined;

export const filtersOfService = (service: string | undefined) => ({
  eligible: service === 'eligible' ? 'true' : service === 'ineligible' ? 'false' : undefined,
  facts_unknown: service === 'unknown' ? 'true' : undefined,
});

/** The address of the file with the links of all that match. */
export const exportPath = (filters: MerchantFilters): string =>
  `/v1/merchants?${new URLSearchParams({ ...filters, format: 'csv' }).toString()}`;

/** As the api takes them. A value that is none of its own is for the api to refuse, so it goes along as it stands. */
export const queryOf = (filters: MerchantFilters): Query => filters as unknown as Query;
