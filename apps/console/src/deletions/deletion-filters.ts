import type { DeletionsListData } from '@app/client';
import { deletionStateWords, waitingForWords } from '@app/words';

export const deletionFilterNames = [
  'state',
  'waiting_for',
  'merchant',
  'component_appid',
  'msg_id',
  'errcode',
  'takedown',
  'created_after',
  'created_before',
  'finished_after',
  'finished_before',
] as const;
type Name = (typeof deletionFilterNames)[number];
export type DeletionFilters = Partial<Record<Name, string>>;

type Query = NonNullable<DeletionsListData['query']>;

const FITS: Record<Name, (text: string) => boolean> = {
  state: (text) => text in deletionStateWords,
  waiting_for: (text) => text in waitingForWords,
  merchant: (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text),
  component_appid: (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text),
  msg_id: (text) => /^[1-9]\d{0,18}$/.test(text),
  errcode: (text) => /^-?\d{1,9}$/.test(text),
  takedown: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  created_after: isMoment,
  created_before: isMoment,
  finished_after: isMoment,
  finished_before: isMoment,
};

function isMoment(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

/** Filters that mean nothing, as somebody has typed them: the list would not be what it seems. */
export const wrongAmong = (filters: DeletionFilters): Name[] =>
  deletionFilterNames.filter((name) => filters[name] !== undefined && !FITS[name](filters[name]));

const MOMENTS = ['created_after', 'created_before', 'finished_after', 'finished_before'] as const;

/** The filters as the api takes them. A time without a zone is the viewer's. */
export function queryOf({ errcode, ...filters }: DeletionFilters): Query {
  const query = { ...filters };
  for (const name of MOMENTS) if (query[name] !== undefined) query[name] = new Date(query[name]).toISOString();
  return { ...(query as Query), ...(errcode !== undefined && { errcode: Number(errcode) }) };
}
