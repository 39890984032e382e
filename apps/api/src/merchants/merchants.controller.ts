import { Controller, Get, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { Merchants, Platforms } from '@app/merchants';
import { Caller, Needs } from '../http/access/access.guard.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { MerchantViews } from './merchant-views.js';
import { listMerchantsSchema, merchantSchema, type ListMerchants } from './merchant.js';

@ApiTags('merchants')
@Controller('v1/merchants')
export class MerchantsController {
  constructor(
    private readonly views: MerchantViews,
    private readonly merchants: Merchants,
    private readonly platforms: Platforms,
  ) {}

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(merchantSchema) })
  async list(@Caller() { scope }: Principal, @Query({ schema: listMerchantsSchema }) query: ListMerchants) {
    const { limit, cursor, eligible: isEligible, facts_unknown: areFactsUnknown, state, component_appid, ref } = query;
    const platformId = component_appid ? (await this.platforms.get(scope, component_appid)).id : undefined;
    const found = await this.merchants.list(scope, {
      isEligible,
      areFactsUnknown,
      state,
      platformId,
      ref,
      limit: limit + 1,
      after: cursor,
    });
    const resources = new Map((await this.views.resources(found)).map((resource, i) => [found[i]?.id, resource]));
    return pageOf(found, limit, ({ id }) => resources.get(id));
  }
}
