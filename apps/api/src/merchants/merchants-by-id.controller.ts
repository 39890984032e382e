import { Body, Controller, Get, Param, Patch, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditLog, type Actor, type Principal } from '@app/access';
import { Lanes } from '@app/deletions';
import { eventMessage, Events, typesOf } from '@app/events';
import { Merchants } from '@app/merchants';
import { isEverything } from '@app/scope';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { eventSchema } from '../events/event.js';
import { appidSchema } from '../http/requests/appid.js';
import { cursorOf, pageOfSchema } from '../http/requests/page.js';
import { MERCHANT_PROBLEMS } from './merchant-problems.js';
import { MerchantViews } from './merchant-views.js';
import {
  listMerchantEventsSchema,
  merchantSchema,
  platformChoiceSchema,
  updateMerchantSchema,
  type ListMerchantEvents,
  type PlatformChoice,
  type UpdateMerchant,
} from './merchant.js';

@ApiTags('merchants')
@Controller('v1/merchants')
export class MerchantsByIdController {
  constructor(
    private readonly views: MerchantViews,
    private readonly merchants: Merchants,
    private readonly lanes: Lanes,
    private readonly events: Events,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
  ) {}

  @Get(':appid')
  @Needs('viewer')
  @SerializeOptions({ schema: merchantSchema })
  @Operation({
    summary: 'Read a merchant',
    description: 'Whether it can be served and why not, its limits, its quota of today and what waits in its lane.',
    problems: MERCHANT_PROBLEMS,
    answers: { 200: { description: 'The merchant.' } },
  })
  async get(
    @Caller() caller: Principal,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    return this.views.resource(await this.views.find(caller, appid, choice));
  }

  @Get(':appid/events')
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(eventSchema) })
  @Operation({
    summary: 'List what happened to a merchant',
    description:
      'The events about it, newest first: what became of its grant, and how its deletions ended. Kept for thirty ' +
      'days. With `type`, a page looks at up to 10,000 events: it may be short, or empty, while `next_cursor` is not null.',
    problems: MERCHANT_PROBLEMS,
    answers: { 200: { description: 'A page of events.' } },
  })
  async listEvents(
    @Caller() caller: Principal,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: listMerchantEventsSchema }) { limit, cursor, type, ...choice }: ListMerchantEvents,
  ) {
    const { id } = await this.views.find(caller, appid, choice);
    const types = type === undefined ? undefined : typesOf([type]);
    const { events, next } = await this.events.ofMerchant(caller.scope, id, { types, before: cursor, limit });
    return { data: events.map(eventMessage), next_cursor: next === null ? null : cursorOf(next) };
  }

  @Patch(':appid')
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  @Operation({
    summary: 'Change a merchant',
    description:
      'Changes the provider’s own name for the merchant, and its limits. A key with limits may lower these, ' +
      'and leaves alone what a key without limits has set: otherwise 403 `limits_not_yours`. It changes no ' +
      'name that a key beyond its limits has given: otherwise 403 `ref_not_yours`.',
    problems: [...MERCHANT_PROBLEMS, 'limits_not_yours', 'ref_not_yours'],
    answers: { 200: { description: 'The merchant as it is now.' } },
  })
  async update(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
    @Body({ schema: updateMerchantSchema }) body: UpdateMerchant,
  ) {
    const merchant = await this.views.find(actor, appid, choice);
    const about = await this.views.aboutOf(merchant);
    const { ref, ...limits } = body;
    const setRef = async (tx: EntityManager) => {
      if (ref === undefined) return;
      await this.merchants.setRef(tx, merchant.id, ref, actor);
      const data = { merchant_id: merchant.id, ref };
      await this.audit.append(tx, actor, { ...about, action: 'merchant.ref_changed', data });
    };
    if (Object.keys(limits).length > 0) {
      const changes = {
        ratePerMinute: limits.rate_per_minute,
        dailyLimit: limits.daily_limit,
        byLimitedKey: !isEverything(actor.scope),
      };
      await this.lanes.setLimits(merchant.id, changes, async (tx) => {
        await setRef(tx);
        const data = { merchant_id: merchant.id, ...limits };
        await this.audit.append(tx, actor, { ...about, action: 'merchant.limits_changed', data });
      });
    } else {
      await this.dataSource.transaction(setRef);
    }
    return this.views.resource(await this.merchants.byId(merchant.id));
  }
}
