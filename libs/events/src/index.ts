export { eventsEntities } from './entities.js';
export { FeedCursorExpired, FeedCursorInvalid, FeedCursorRefused } from './errors.js';
export { eventMessage, type EventMessage } from './event-message.js';
export { isEventPattern, matchesPattern, typesOf } from './event-pattern.js';
export { isInScope, withoutMetadata } from './event-scope.js';
export {
  eventDataSchemas,
  eventTypes,
  type DeletionFacts,
  type EventData,
  type EventSubject,
  type EventType,
  type NewEvent,
  type TakedownFacts,
} from './event-types.js';
export {
  Events,
  insertEvents,
  type EventExpressions,
  type FeedEvent,
  type FeedFilter,
  type FeedPage,
} from './events.js';
export { EventsModule } from './events.module.js';
export { readFeedCursor } from './feed-cursor.js';
