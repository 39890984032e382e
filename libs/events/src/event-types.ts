import type { Scope } from '@app/scope';

/** Everything that is told to whoever listens, with what is told. Never a secret. Data only ever gains fields. */
export interface EventData {
  /**
   * A grant, new or renewed. `source`: an authorization code, or WeChat's list of authorizers when the code was lost.
   */
  'merchant.authorized': { source: 'code' | 'list'; permission_sets: number[] };
  /** `source`: WeChat's event, or an answer that told of it first. */
  'merchant.unauthorized': { source: 'event' | 'answer' };
  /** The refresh token is lost or refused, and WeChat's list of authorizers has no better one. */
  'merchant.reauthorization_required': Record<string, never>;
  /** Reasons are those of a merchant's `ineligible_reasons`. */
  'merchant.eligibility_changed': { eligible: boolean; reasons: string[]; previous_reasons: string[] };
  /**
   * Another system mints for the same account, and each mint makes the other's token void. `fresh_refused`: WeChat
   * refuses tokens that were minted for the very call. Its deletions wait; told once until a token is taken again.
   * `void_early`: tokens work, and are void before their time again and again. Its deletions go on; told once an hour
   * at most. `since` is an ISO 8601 moment.
   */
  'merchant.token_conflict': {
    kind: 'fresh_refused' | 'void_early';
    errcode: number | null;
    since: string;
    explanation: string;
  };
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
  /** No deletion of this platform is sent, because each would fail. `since` is an ISO 8601 moment. */
  'platform.held': { reason: string; errcode: number | null; since: string };
  'platform.resumed': Record<string, never>;
  'deletion.succeeded': DeletionFacts;
  'deletion.failed': DeletionFacts;
  'deletion.cancelled': DeletionFacts;
  /** WeChat showed that the message is gone, after it had only accepted the call: proof rose to `verified`. */
  'deletion.verified': DeletionFacts;
  'takedown.created': TakedownFacts;
  /** Its last deletion came to an end. Told once. */
  'takedown.finished': EndedTakedownFacts;
  'takedown.cancelled': EndedTakedownFacts;
  /** An endpoint gets nothing more until it is enabled again. */
  'webhook.disabled': { id: string; reason: 'failing' | 'gone' };
}

/** A deletion at its end. `merchant` is the authorizer_appid; `msg_id` is in digits. */
export interface DeletionFacts {
  merchant: string;
  component_appid: string;
  msg_id: string | null;
  article_idx: number | null;
  url: string | null;
  outcome_code: string | null;
  errcode: number | null;
  proof: 'none' | 'acknowledged' | 'verified' | 'inferred';
  attempts: number;
  /** Null for readers with limits within which it was not asked for; `hidden` tells them so. */
  metadata: Record<string, unknown> | null;
  hidden?: ['metadata'];
}

export interface TakedownFacts {
  /** How many of its deletions are in each state; a state that none is in may be missing. */
  counts: Record<string, number>;
}

/** The counts as the takedown itself tells them. */
export interface EndedTakedownFacts extends TakedownFacts {
  accepted: number;
  already_open: number;
  already_deleted: number;
  rejected: number;
}

export type EventType = keyof EventData;

/** The subject of an event. One that holds for no single platform or merchant leaves them out. */
export interface EventSubject {
  platform?: { id: string; componentAppid: string } | undefined;
  merchant?: { id: string; authorizerAppid: string } | undefined;
  deletionId?: string | undefined;
  takedownId?: string | undefined;
  /**
   * An event without a single platform or merchant carries the limits of the caller who caused it. Readers with the
   * same limits, or wider, hear of it.
   */
  scope?: Scope | undefined;
}

export type NewEvent = { [T in EventType]: EventSubject & { type: T; data: EventData[T] } }[EventType];

/** Every type, for lists that people choose from. */
export const eventTypes = Object.keys({
  'merchant.authorized': true,
  'merchant.unauthorized': true,
  'merchant.reauthorization_required': true,
  'merchant.eligibility_changed': true,
  'merchant.token_conflict': true,
  'platform.ticket_silent': true,
  'platform.drift_found': true,
  'platform.held': true,
  'platform.resumed': true,
  'deletion.succeeded': true,
  'deletion.failed': true,
  'deletion.cancelled': true,
  'deletion.verified': true,
  'takedown.created': true,
  'takedown.finished': true,
  'takedown.cancelled': true,
  'webhook.disabled': true,
  // The keys are exactly those of EventData: the compiler sees to it.
} satisfies Record<EventType, true>) as EventType[];
