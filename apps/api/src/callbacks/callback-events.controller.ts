import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { CallbackLog, Platforms } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { Caller, Needs } from '../http/access/access.guard.js';
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

  /** What WeChat pushed, newest first, and where it was forwarded to. */
  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(callbackEventSchema) })
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
