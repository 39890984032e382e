import { Injectable } from '@nestjs/common';
import type { Principal } from '@app/access';
import { LaneReports } from '@app/deletions';
import { AuthorizerTokens, Merchants, Onboarding, Platforms, type Merchant, type MerchantFilter } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { merchantResource, type PlatformChoice } from './merchant.js';
import type { ListedMerchant } from './merchants-csv.js';

const LISTED_AT_A_TIME = 500;

/** Finds the merchant that an address names, and tells of merchants what several libs know. */
@Injectable()
export class MerchantViews {
  constructor(
    private readonly merchants: Merchants,
    private readonly platforms: Platforms,
    private readonly tokens: AuthorizerTokens,
    private readonly laneReports: LaneReports,
    private readonly onboarding: Onboarding,
  ) {}

  /** @throws MerchantNotFound, PlatformRequired */
  find({ scope }: Principal, appid: string, choice: PlatformChoice): Promise<Merchant> {
    return this.merchants.find(scope, appid, choice.component_appid);
  }

  /** The part of an act that says whom it was about. */
  async aboutOf({ platformId, authorizerAppid }: Merchant) {
    const { componentAppid } = await this.platforms.byId(platformId);
    const tenant = { componentAppid, authorizerAppid };
    return { subjectType: 'merchant', subjectId: authorizerAppid, tenant } as const;
  }

  async resource(merchant: Merchant) {
    const [resource] = await this.resources([merchant]);
    return resource;
  }

  async resources(merchants: Merchant[]) {
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

  /** All that match, from the cursor on, with the links by which they authorize again. */
  async *listed(scope: Scope, filter: MerchantFilter, cursor?: string): AsyncGenerator<ListedMerchant> {
    const appidOf = await this.platformAppids();
    for (let after = cursor; ;) {
      const { found, next } = await this.merchants.list(scope, { ...filter, limit: LISTED_AT_A_TIME, after });
      for (const merchant of found) {
        const componentAppid = appidOf.get(merchant.platformId);
        if (componentAppid === undefined) continue;
        const reauthorizeUrl = this.onboarding.reauthorizeUrl(componentAppid, merchant.authorizerAppid);
        yield { merchant, componentAppid, reauthorizeUrl };
      }
      if (!next) return;
      after = next.id;
    }
  }

  private async platformAppids(): Promise<Map<string, string>> {
    const platforms = await this.platforms.list(EVERYTHING);
    return new Map(platforms.map(({ id, componentAppid }) => [id, componentAppid]));
  }
}
