import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { eventMessage, Events, typesOf } from '@app/events';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { eventPageSchema, listEventsSchema, type ListEvents } from './event.js';

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly events: Events) {}

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: eventPageSchema })
  @Operation({
    summary: 'Read on in the list of events',
    description:
      'What happened, oldest first, for those who would rather ask than be called by webhooks: nothing is ' +
      'skipped and nothing comes twice. Kept for 30 days, unless the operators say otherwise. Keep `next_cursor`, which ' +
      'is never null, and go on with it: at once while `has_more` is true, later when it is not. Whoever comes back ' +
      'after events behind it were forgotten is told so.',
    problems: ['feed_cursor_invalid', 'feed_cursor_expired'],
    answers: { 200: { description: 'A page of events.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listEventsSchema }) query: ListEvents) {
    const { cursor, limit, type, merchant, takedown: takedownId } = query;
    const types = type === undefined ? undefined : typesOf([type]);
    if (cursor !== undefined && cursor !== 'latest') await this.events.requireKept(cursor);
    const from = cursor === 'latest' ? await this.events.latest() : cursor;
    const { events, next, hasMore } = await this.events.after(from, { limit, types, merchant, takedownId, scope });
    return { data: events.map(eventMessage), next_cursor: next, has_more: hasMore };
  }
}
