import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { MassMessages, Merchants } from '@app/merchants';
import { Caller, Needs } from '../http/access.guard.js';
import { pageOf, pageOfSchema } from '../http/page.js';
import {
  listMassMessagesSchema,
  massMessageResource,
  massMessageSchema,
  type ListMassMessages,
} from './mass-message.js';

@ApiTags('mass messages')
@Controller('v1/mass-messages')
export class MassMessagesController {
  constructor(
    private readonly massMessages: MassMessages,
    private readonly merchants: Merchants,
  ) {}

  /** What a merchant has sent, newest first, as WeChat's pushes told it. */
  @Get()
  @Needs('viewer')
  @SerializeOptions({ schema: pageOfSchema(massMessageSchema) })
  async list(
    @Caller() { scope }: Principal,
    @Query({ schema: listMassMessagesSchema }) { merchant, component_appid, limit, cursor }: ListMassMessages,
  ) {
    const { id: merchantId } = await this.merchants.find(scope, merchant, component_appid);
    const found = await this.massMessages.list({ merchantId, limit: limit + 1, after: cursor });
    const withIds = found.map((message) => ({ ...message, id: message.msgId }));
    return pageOf(withIds, limit, massMessageResource);
  }
}
