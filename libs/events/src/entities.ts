import { EventRow } from './event.entity.js';
import { ForgottenEvents } from './forgotten-events.entity.js';

/** The tables of this lib: for its module, and for tools and tests that open a data source of their own. */
export const eventsEntities = [EventRow, ForgottenEvents];
