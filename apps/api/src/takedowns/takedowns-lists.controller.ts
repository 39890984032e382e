import { Controller, Get, Param, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { DeletionViews, Takedowns } from '@app/deletions';
import { Merchants } from '@app/merchants';
import { deletionResource, deletionSchema, idSchema } from '../deletions/deletion.js';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import {
  listRejectionsSchema,
  listTakedownDeletionsSchema,
  rejectionSchema,
  type ListRejections,
  type ListTakedownDeletions,
} from './takedown.js';

/** What became of the lines of one takedown. */
@ApiTags('takedowns')
@Controller('v1/takedowns')
export class TakedownsListsController {
  constructor(
    private readonly takedowns: Takedowns,
    private readonly deletions: DeletionViews,
    private readonly merchants: Merchants,
  ) {}

  @Get(':id/deletions')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(deletionSchema) })
  @Operation({
    summary: 'List the deletions of a takedown',
    description:
      'Newest first, those included that were open or deleted already; by state, why they wait, how they ended, or merchant.',
    problems: ['takedown_not_found', 'merchant_not_found', 'platform_not_found', 'platform_required'],
    answers: { 200: { description: 'A page of deletions.' } },
  })
  async listDeletions(
    @Caller() { scope }: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: listTakedownDeletionsSchema }) query: ListTakedownDeletions,
  ) {
    await this.takedowns.get(scope, id);
    const { limit, cursor, state, waiting_for: waitingFor, outcome: outcomeCode } = query;
    const merchant = query.merchant
      ? await this.merchants.find(scope, query.merchant, query.component_appid)
      : undefined;
    const found = await this.deletions.list(scope, {
      takedownId: id,
      merchantId: merchant?.id,
      state,
      waitingFor,
      outcomeCode,
      limit: limit + 1,
      after: cursor === undefined ? undefined : { id: cursor },
    });
    return pageOf(found, limit, deletionResource);
  }

  @Get(':id/rejections')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(rejectionSchema) })
  @Operation({
    summary: 'List what a takedown did not accept',
    description:
      'By line. Lines are kept for `REJECTIONS_RETENTION_DAYS`, 90 days unless told otherwise; `rejected` of the ' +
      'takedown counts them all the same.',
    problems: ['takedown_not_found'],
    answers: { 200: { description: 'A page of lines.' } },
  })
  async listRejections(
    @Caller() { scope }: Principal,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: listRejectionsSchema }) { limit, cursor }: ListRejections,
  ) {
    await this.takedowns.get(scope, id);
    const found = await this.takedowns.rejections(id, limit + 1, Number(cursor ?? 0));
    const withIds = found.map((rejection) => ({ ...rejection, id: String(rejection.line) }));
    return pageOf(withIds, limit, (rejection) => rejection);
  }
}
