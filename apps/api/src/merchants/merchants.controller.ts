import { Readable } from 'node:stream';
import { Controller, Get, Header, Headers, Query, SerializeOptions, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { Merchants, Platforms } from '@app/merchants';
import { Caller, Needs } from '../http/access/access.guard.js';
import { CSV_TYPE } from '../http/answers/csv.js';
import { acceptedFormat } from '../http/answers/formats.js';
import { Operation } from '../http/open-api/operation.js';
import { cursorOf, pageOfSchema } from '../http/requests/page.js';
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

  @Get()
  @Header('vary', 'accept')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(merchantSchema) })
  @Operation({
    summary: 'List merchants',
    description:
      'In the order in which they came, by what can be done for them, state, reason, platform, `ref` or words. With `q`, a page ' +
      'looks at up to 5,000 merchants: it may be short, or empty, and the search goes on while `next_cursor` is not ' +
      'null. With `format=csv` or `Accept: text/csv` the answer is a file with all of them and not a page: for each merchant its ' +
      'names, its state, and the link by which it can authorize again.',
    problems: ['platform_not_found'],
    answers: {
      200: {
        description: 'A page of merchants, or all of them as a file.',
        content: { 'text/csv': { type: 'string' } },
        headers: { Vary: '`accept`', 'Content-Disposition': 'Proposes a name for the file.' },
      },
    },
  })
  async list(
    @Caller() { scope }: Principal,
    @Query({ schema: listMerchantsSchema }) query: ListMerchants,
    @Headers('accept') accept: string | undefined,
  ) {
    const {
      limit,
      cursor,
      eligible: isEligible,
      facts_unknown: areFactsUnknown,
      state,
      reason,
      component_appid,
      ref,
    } = query;
    const platformId = component_appid ? (await this.platforms.get(scope, component_appid)).id : undefined;
    const filter = { isEligible, areFactsUnknown, state, reason, platformId, ref, words: query.q };
    if ((query.format ?? acceptedFormat(LIST_TYPES, accept)) === 'csv') {
      return new StreamableFile(Readable.from(merchantsCsv(this.views.listed(scope, filter, cursor))), {
        type: CSV_TYPE,
        disposition: 'attachment; filename="reauthorize-urls.csv"',
      });
    }
    const { found, next } = await this.merchants.list(scope, { ...filter, limit, after: cursor });
    return { data: await this.views.resources(found), next_cursor: next ? cursorOf(next.id) : null };
  }
}
