import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '@app/access';
import { Events, typesOf } from '@app/events';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { EventStream } from './event-stream.js';
import { followEventsSchema, type FollowEvents } from './event.js';
import { EVENT_STREAM, OpenStreams } from './open-streams.js';

@ApiTags('events')
@Controller('v1/events/stream')
export class EventsStreamController {
  constructor(
    private readonly events: Events,
    private readonly stream: EventStream,
    private readonly streams: OpenStreams,
  ) {}

  @Get()
  @Needs('viewer', 'stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last event that was read.' })
  @Operation({
    summary: 'Follow the events',
    description:
      'The list of events as server-sent events, as they happen: `id` is a cursor, `event` the type, `data` the event as ' +
      'in the list. With `Last-Event-ID`, or else `after`, it goes on behind that cursor; with neither, it starts now. It ' +
      'ends when the key or the session does, and when it is not read for 30 seconds. A key may have 20 streams open at ' +
      'a time.',
    problems: ['feed_cursor_invalid', 'feed_cursor_expired'],
    answers: {
      200: { description: 'The events, until one side ends it.', content: { 'text/event-stream': EVENT_STREAM } },
    },
  })
  async follow(
    @Caller() caller: Principal,
    @Query({ schema: followEventsSchema }) { after, type, merchant, takedown: takedownId }: FollowEvents,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const lastEventId = request.headers['last-event-id']?.toString();
    const from = lastEventId ?? (after === 'latest' ? undefined : after);
    if (from !== undefined) await this.events.requireKept(from);
    const filter = { types: type === undefined ? undefined : typesOf([type]), merchant, takedownId };
    this.streams.send(caller, reply, this.stream.looks({ ...filter, scope: caller.scope }, from));
  }
}
