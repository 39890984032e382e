import type { DeletionsListData } from '@app/client';
import { deletionStateWords } from '@app/words';

export const deletionFilterNames = [
  'state',
  'merchant',
  'component_appid',
  'msg_id',
  'errcode',
  'takedown',
  'created_after',
  'created_before',
] as const;
type Name = (typeof deletionFilterNames)[number];
export type DeletionFilters = Partial<Record<Name, string>>;

type Query = NonNullable<DeletionsListData['query']>;

const FITS: Record<Name, (text: string) => boolean> = {
  state: (text) => text in deletionStateWords,
  merchant: (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text),
  component_appid: (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text),
  msg_id: (text) => /^[1-9]\d{0,18}$/.test(text),
  errcode: (text) => /^-?\d{1,9}$/.test(text),
  takedown: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  created_after: isMoment,
  created_before: isMoment,
};

function isMoment(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

/** Filters that mean nothing, as somebody has typed them: the list would not be what it seems. */
export const wrongAmong = (filters: DeletionFilters): Name[] =>
  deletionFilterNames.filter((name) => filters[name] !== undefined && !FITS[name](filters[name]));

/** The filters as the api takes them. A time without a zone is the viewer's. */
export function queryOf({ created_after, created_before, errcode, ...filters }: DeletionFilters): Query {
  return {
    ...(filters as Query),
    ...(errcode !== undefined && { errcode: Number(errcode) }),
    ...(created_after !== undefined && { created_after: new Date(created_after).toISOString() }),
    ...(created_before !== undefined && { created_before: new Date(created_before).toISOString() }),
  };
}
