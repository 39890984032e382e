import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Lanes } from '@app/deletions';
import { AuthorizerTokens, GrantExchange, Merchants, Platforms, type Merchant } from '@app/merchants';
import { Needs } from '../http/access.guard.js';
import { appidSchema } from '../http/appid.js';
import { pageOf, pageOfSchema, pageSchema } from '../http/page.js';
import { merchantResource, merchantSchema, updateMerchantSchema, type UpdateMerchant } from './merchant.js';

/** Needed only where the same account has authorized several platforms. */
const platformChoiceSchema = z.strictObject({ component_appid: appidSchema.optional() });
type PlatformChoice = z.output<typeof platformChoiceSchema>;

@ApiTags('merchants')
@Controller('v1/merchants')
export class MerchantsController {
  constructor(
    private readonly merchants: Merchants,
    private readonly platforms: Platforms,
    private readonly tokens: AuthorizerTokens,
    private readonly grants: GrantExchange,
    private readonly lanes: Lanes,
  ) {}

  @Get()
  @Needs('viewer')
  @SerializeOptions({ schema: pageOfSchema(merchantSchema) })
  async list(@Query({ schema: pageSchema }) { limit, cursor }: z.output<typeof pageSchema>) {
    const found = await this.merchants.list({ limit: limit + 1, after: cursor });
    const resources = new Map((await this.resources(found)).map((resource, i) => [found[i]?.id, resource]));
    return pageOf(found, limit, ({ id }) => resources.get(id));
  }

  @Get(':appid')
  @Needs('viewer')
  @SerializeOptions({ schema: merchantSchema })
  async get(
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    return this.resource(await this.find(appid, choice));
  }

  /** Changes the provider's own name for the merchant, and its limits. */
  @Patch(':appid')
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  async update(
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
    @Body({ schema: updateMerchantSchema }) body: UpdateMerchant,
  ) {
    const merchant = await this.find(appid, choice);
    if (body.ref !== undefined) await this.merchants.setRef(merchant.id, body.ref);
    if (body.rate_per_minute !== undefined || body.daily_limit !== undefined) {
      await this.lanes.setLimits(merchant.id, { ratePerMinute: body.rate_per_minute, dailyLimit: body.daily_limit });
    }
    return this.resource(await this.merchants.byId(merchant.id));
  }

  /** Asks WeChat again what kind of account this is and what it granted. */
  @Post(':appid/refresh')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  async refresh(
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    const { id } = await this.find(appid, choice);
    await this.grants.refreshFacts(id);
    return this.resource(await this.merchants.byId(id));
  }

  private async find(appid: string, choice: PlatformChoice): Promise<Merchant> {
    return this.merchants.find(appid, choice.component_appid);
  }

  private async resource(merchant: Merchant) {
    const [resource] = await this.resources([merchant]);
    return resource;
  }

  private async resources(merchants: Merchant[]) {
    const ids = merchants.map(({ id }) => id);
    const [lanes, expiries, platforms] = await Promise.all([
      this.lanes.reports(ids),
      this.tokens.expiries(ids),
      this.platforms.list(),
    ]);
    const appidOf = new Map(platforms.map(({ id, componentAppid }) => [id, componentAppid]));
    return merchants.flatMap((merchant) => {
      const lane = lanes.get(merchant.id);
      const componentAppid = appidOf.get(merchant.platformId);
      if (!lane || !componentAppid) return [];
      return [merchantResource({ merchant, componentAppid, lane, tokenExpiresAt: expiries.get(merchant.id) ?? null })];
    });
  }
}
