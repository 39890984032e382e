/** Everything that is told to whoever listens, with what is told. Never a secret. Data only ever gains fields. */
export interface EventData {
  /** A grant, new or renewed. `source`: an authorization code, or WeChat's list of authorizers when the code was lost. */
  'merchant.authorized': { source: 'code' | 'list'; permission_sets: number[] };
  /** `source`: WeChat's event, or an answer that told of it first. */
  'merchant.unauthorized': { source: 'event' | 'answer' };
  /** The refresh token is lost or refused, and WeChat's list of authorizers has no better one. */
  'merchant.reauthorization_required': Record<string, never>;
  /** Reasons are those of a merchant's `ineligible_reasons`. */
  'merchant.eligibility_changed': { eligible: boolean; reasons: string[]; previous_reasons: string[] };
  /** No component_verify_ticket for half an hour; told once per silence. */
  'platform.ticket_silent': { ticket_received_at: string | null };
  /** The list of authorizers and our merchants were not the same. Appids in `absent` are cut off after a hundred. */
  'platform.drift_found': {
    listed: number;
    added: number;
    repaired: number;
    readopted: number;
    absent_count: number;
    absent: string[];
  };
}

export type EventType = keyof EventData;

export type NewEvent = {
  [T in EventType]: { type: T; platformId: string; merchantId?: string; data: EventData[T] };
}[EventType];
