import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { CallbackLog, Platforms } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import {
  callbackEventResource,
  callbackEventSchema,
  listCallbackEventsSchema,
  type ListCallbackEvents,
} from './callback-event.js';

@ApiTags('callback events')
@Controller('v1/callback-events')
export class CallbackEventsController {
  constructor(
    private readonly log: CallbackLog,
    private readonly platforms: Platforms,
  ) {}

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(callbackEventSchema) })
  @Operation({
    summary: 'List what WeChat has pushed',
    description:
      'Newest first, with where each push was forwarded to. What a push said is not shown: it may hold ' +
      'tickets, codes, and people’s messages.',
    problems: ['platform_not_found'],
    answers: { 200: { description: 'A page of pushes.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listCallbackEventsSchema }) query: ListCallbackEvents) {
    const { limit, cursor, component_appid, kind, state } = query;
    const platformId = component_appid ? (await this.platforms.get(scope, component_appid)).id : undefined;
    const found = await this.log.list(scope, { platformId, kind, state, limit: limit + 1, after: cursor });
    const platforms = new Map(
      (await this.platforms.list(EVERYTHING)).map(({ id, componentAppid }) => [id, componentAppid]),
    );
    return pageOf(found, limit, (one) => callbackEventResource(one, platforms.get(one.event.platformId) ?? '', scope));
  }
}
