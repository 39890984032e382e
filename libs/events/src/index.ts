import { EventRow } from './event.entity.js';

/** For DatabaseModule.forRoot. */
export const eventsEntities = [EventRow];

export { type EventData, type EventType, type NewEvent } from './event-types.js';
export { Events } from './events.js';
export { EventsModule } from './events.module.js';
