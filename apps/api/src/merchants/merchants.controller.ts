import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  SerializeOptions,
  StreamableFile,
} from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import { AuditLog, type Actor, type Principal } from '@app/access';
import { FactsWait, LaneReports, Lanes, QuotaClearing } from '@app/deletions';
import {
  AuthorizerTokens,
  GrantExchange,
  Merchants,
  Onboarding,
  Platforms,
  TokenLending,
  type Merchant,
  type MerchantFilter,
} from '@app/merchants';
import { EVERYTHING, isEverything, type Scope } from '@app/scope';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { CSV_TYPE } from '../http/answers/csv.js';
import { acceptedFormat } from '../http/answers/formats.js';
import { appidSchema } from '../http/requests/appid.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import {
  accessTokenSchema,
  listMerchantsSchema,
  merchantResource,
  merchantSchema,
  updateMerchantSchema,
  type ListMerchants,
  type UpdateMerchant,
} from './merchant.js';
import { merchantsCsv, type ListedMerchant } from './merchants-csv.js';

const LIST_TYPES = { json: 'application/json', csv: CSV_TYPE };
const LISTED_AT_A_TIME = 500;

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
    private readonly factsWait: FactsWait,
    private readonly laneReports: LaneReports,
    private readonly clearing: QuotaClearing,
    private readonly lending: TokenLending,
    private readonly audit: AuditLog,
    private readonly onboarding: Onboarding,
    private readonly dataSource: DataSource,
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
      return new StreamableFile(Readable.from(merchantsCsv(this.listed(scope, filter, cursor))), {
        type: CSV_TYPE,
        disposition: 'attachment; filename="reauthorize-urls.csv"',
      });
    }
    const found = await this.merchants.list(scope, { ...filter, limit: limit + 1, after: cursor });
    const resources = new Map((await this.resources(found)).map((resource, i) => [found[i]?.id, resource]));
    return pageOf(found, limit, ({ id }) => resources.get(id));
  }

  @Get(':appid')
  @Needs('viewer')
  @SerializeOptions({ schema: merchantSchema })
  async get(
    @Caller() caller: Principal,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    return this.resource(await this.find(caller, appid, choice));
  }

  /**
   * Changes the provider's own name for the merchant, and its limits. A key with limits may lower these, and leaves
   * alone what a key without limits has set: otherwise 403 `limits_not_yours`. It changes no name that a key beyond
   * its limits has given: otherwise 403 `ref_not_yours`.
   */
  @Patch(':appid')
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  async update(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
    @Body({ schema: updateMerchantSchema }) body: UpdateMerchant,
  ) {
    const merchant = await this.find(actor, appid, choice);
    const about = await this.aboutOf(merchant);
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
    return this.resource(await this.merchants.byId(merchant.id));
  }

  /**
   * Asks WeChat again what kind of account this is and what it granted: at most once a minute for each merchant. In
   * between the answer is what is known; `facts_read_at` tells since when.
   */
  @Post(':appid/refresh')
  @HttpCode(200)
  @Needs('operator')
  @SerializeOptions({ schema: merchantSchema })
  async refresh(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    const merchant = await this.find(actor, appid, choice);
    const { id } = merchant;
    const about = await this.aboutOf(merchant);
    const isDue = await this.dataSource.transaction(async (tx) => {
      if (!(await this.merchants.mayRefresh(tx, id))) return false;
      await this.audit.append(tx, actor, { ...about, action: 'merchant.refreshed', data: { merchant_id: id } });
      return true;
    });
    if (isDue) {
      await this.grants.refreshFacts(id);
      await this.factsWait.wake(id);
    }
    return this.resource(await this.merchants.byId(id));
  }

  /**
   * Has WeChat set all of the account's daily counters back to 0, and opens its lane. Ten times a month at most,
   * whoever asks WeChat for it; after that 409 `quota_clears_spent`.
   */
  @Post(':appid/clear-quota')
  @HttpCode(200)
  @Needs('admin')
  @SerializeOptions({ schema: merchantSchema })
  async clearQuota(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ) {
    const merchant = await this.find(actor, appid, choice);
    const about = await this.aboutOf(merchant);
    await this.clearing.clear(merchant, (tx) =>
      this.audit.append(tx, actor, {
        ...about,
        action: 'merchant.quota_cleared',
        data: { merchant_id: merchant.id },
      }),
    );
    return this.resource(await this.merchants.byId(merchant.id));
  }

  /**
   * Lends the merchant's current access token to another system of the provider, which must not mint its own: every
   * mint kills the token before it. Every loan is in the audit log.
   */
  @Post(':appid/access-token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Needs('tokens')
  @SerializeOptions({ schema: accessTokenSchema })
  async accessToken(
    @AuditedCaller() actor: Actor,
    @Param('appid', { schema: appidSchema }) appid: string,
    @Query({ schema: platformChoiceSchema }) choice: PlatformChoice,
  ): Promise<z.input<typeof accessTokenSchema>> {
    const merchant = await this.find(actor, appid, choice);
    const { token, expiresAt } = await this.lending.lend(merchant);
    await this.audit.appendAlone(actor, {
      ...(await this.aboutOf(merchant)),
      action: 'access_token.lent',
      data: { merchant_id: merchant.id },
    });
    const expiresInSeconds = Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000));
    return { access_token: token, expires_in: expiresInSeconds, expires_at: expiresAt.toISOString() };
  }

  private async find({ scope }: Principal, appid: string, choice: PlatformChoice): Promise<Merchant> {
    return this.merchants.find(scope, appid, choice.component_appid);
  }

  /** The part of an act that says whom it was about. */
  private async aboutOf({ platformId, authorizerAppid }: Merchant) {
    const { componentAppid } = await this.platforms.byId(platformId);
    const tenant = { componentAppid, authorizerAppid };
    return { subjectType: 'merchant', subjectId: authorizerAppid, tenant } as const;
  }

  /** All that the filter finds, some at a time. */
  private async *listed(scope: Scope, filter: MerchantFilter, cursor?: string): AsyncGenerator<ListedMerchant> {
    const appidOf = await this.platformAppids();
    for (let after = cursor; ;) {
      const found = await this.merchants.list(scope, { ...filter, limit: LISTED_AT_A_TIME, after });
      for (const merchant of found) {
        const componentAppid = appidOf.get(merchant.platformId);
        if (componentAppid === undefined) continue;
        const reauthorizeUrl = this.onboarding.reauthorizeUrl(componentAppid, merchant.authorizerAppid);
        yield { merchant, componentAppid, reauthorizeUrl };
      }
      if (found.length < LISTED_AT_A_TIME) return;
      after = found.at(-1)?.id;
    }
  }

  private async platformAppids(): Promise<Map<string, string>> {
    return new Map((await this.platforms.list(EVERYTHING)).map(({ id, componentAppid }) => [id, componentAppid]));
  }

  private async resource(merchant: Merchant) {
    const [resource] = await this.resources([merchant]);
    return resource;
  }

  private async resources(merchants: Merchant[]) {
    const ids = merchants.map(({ id }) => id);
    const [lanes, expiries, appidOf] = await Promise.all([
      this.laneReports.of(ids),
      this.tokens.expiries(ids),
      this.platformAppids(),
    ]);
    return merchants.flatMap((merchant) => {
      const lane = lanes.get(merchant.id);
      const componentAppid = appidOf.get(merchant.platformId);
      if (!lane || !componentAppid) return [];
      const tokenExpiresAt = expiries.get(merchant.id) ?? null;
      const reauthorizeUrl = this.onboarding.reauthorizeUrl(componentAppid, merchant.authorizerAppid);
      return [merchantResource({ merchant, componentAppid, lane, tokenExpiresAt, reauthorizeUrl })];
    });
  }
}
