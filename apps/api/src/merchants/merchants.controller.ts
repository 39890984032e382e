import { Readable } from 'node:stream';
import { Controller, Get, Header, Headers, Query, SerializeOptions, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { Merchants, Platforms } from '@app/merchants';
import { Caller, Needs } from '../http/access/access.guard.js';
import { CSV_TYPE } from '../http/answers/csv.js';
import { acceptedFormat } from '../http/answers/formats.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { MerchantViews } from './merchant-views.js';
import { merchantsCsv } from './merchants-csv.js';
import { listMerchantsSchema, merchantSchema, type ListMerchants } from './merchant.js';

const LIST_TYPES = { json: 'application/json', csv: CSV_TYPE };

@ApiTags('merchants')
@Controller('v1/merchants')
export class MerchantsController {
  constructor(
    private readonly views: MerchantViews,
    private readonly merchants: Merchants,
    private readonly platforms: Platforms,
  ) {}

  /**
   * In the order in which they came. With `Accept: text/csv` the answer is a file with all of them and not a page: for
   * each merchant its names, its state, and the link by which it can authorize again.
   */
  @Get()
  @Header('vary', 'accept')
  @Needs('viewer', 'reads')
  @ApiOkResponse({ content: { 'text/csv': { schema: { type: 'string' } } } })
  @SerializeOptions({ schema: pageOfSchema(merchantSchema) })
  async list(
    @Caller() { scope }: Principal,
    @Query({ schema: listMerchantsSchema }) query: ListMerchants,
    @Headers('accept') accept: string | undefined,
  ) {
    const { limit, cursor, eligible: isEligible, facts_unknown: areFactsUnknown, state, component_appid, ref } = query;
    const platformId = component_appid ? (await this.platforms.get(scope, component_appid)).id : undefined;
    const filter = { isEligible, areFactsUnknown, state, platformId, ref };
    if (acceptedFormat(LIST_TYPES, accept) === 'csv') {
      return new StreamableFile(Readable.from(merchantsCsv(this.views.listed(scope, filter, cursor))), {
        type: CSV_TYPE,
        disposition: 'attachment; filename="reauthorize-urls.csv"',
      });
    }
    const found = await this.merchants.list(scope, { ...filter, limit: limit + 1, after: cursor });
    const resources = new Map((await this.views.resources(found)).map((resource, i) => [found[i]?.id, resource]));
    return pageOf(found, limit, ({ id }) => resources.get(id));
  }
}
