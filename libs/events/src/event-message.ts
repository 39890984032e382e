import type { FeedEvent } from './events.js';

/** An event as the outside sees it, in a webhook's body and in the list of events. */
export interface EventMessage {
  id: string;
  type: string;
  /** When it happened, ISO 8601. */
  timestamp: string;
  data: Record<string, unknown>;
}

/** `data.id` is the deletion or takedown that it is about, if it is about one. */
export function eventMessage(event: Omit<FeedEvent, 'cursor'>): EventMessage {
  const { deletionId, takedownId, componentAppid, authorizerAppid } = event;
  const subject = deletionId ?? takedownId;
  return {
    id: event.id,
    type: event.type,
    timestamp: event.createdAt.toISOString(),
    data: {
      ...(subject && { id: subject }),
      ...(deletionId && { takedown_id: takedownId }),
      ...(componentAppid && { component_appid: componentAppid }),
      ...(authorizerAppid && { merchant: authorizerAppid }),
      ...event.data,
    },
  };
}
