/** An event, of whatever type: a newer api may tell of more than is known here. */
export interface AnyEvent {
  id: string;
  type: string;
  timestamp: string;
  data: Readonly<Record<string, unknown>>;
}

/** What an event tells, as far as it is shown. */
export interface EventFacts {
  type: string;
  at: string;
  platform: string | undefined;
  merchant: string | undefined;
  deletion: string | undefined;
  takedown: string | undefined;
  endpoint: string | undefined;
  /** Of a grant. */
  permissionSets: number[] | undefined;
  /** Why a merchant cannot be served; empty: it can. */
  reasons: string[] | undefined;
  outcome: string | undefined;
  errcode: number | undefined;
  holdReason: string | undefined;
}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberIn = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const listIn = <Item>(value: unknown, itemIn: (one: unknown) => Item | undefined): Item[] | undefined =>
  Array.isArray(value) ? value.map(itemIn).filter((one) => one !== undefined) : undefined;

/** An event's data is open: whatever is not there, or not as expected, is left out. */
export function eventFacts({ type, timestamp, data }: Omit<AnyEvent, 'id'>): EventFacts {
  const [subject] = type.split('.');
  return {
    type,
    at: timestamp,
    platform: textIn(data['component_appid']),
    merchant: textIn(data['merchant']),
    deletion: subject === 'deletion' ? textIn(data['id']) : undefined,
    takedown: subject === 'takedown' ? textIn(data['id']) : textIn(data['takedown_id']),
    endpoint: subject === 'webhook' ? textIn(data['id']) : undefined,
    permissionSets: listIn(data['permission_sets'], numberIn),
    reasons: type === 'merchant.eligibility_changed' ? listIn(data['reasons'], textIn) : undefined,
    outcome: textIn(data['outcome_code']),
    errcode: numberIn(data['errcode']),
    holdReason: type === 'platform.held' ? textIn(data['reason']) : undefined,
  };
}
