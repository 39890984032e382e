import { Injectable } from '@nestjs/common';
import type { Principal } from '@app/access';
import { LaneReports } from '@app/deletions';
import { AuthorizerTokens, Merchants, Onboarding, Platforms, type Merchant } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { merchantResource, type PlatformChoice } from './merchant.js';

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
    const [lanes, expiries, platforms] = await Promise.all([
      this.laneReports.of(ids),
      this.tokens.expiries(ids),
      this.platforms.list(EVERYTHING),
    ]);
    const appidOf = new Map(platforms.map(({ id, componentAppid }) => [id, componentAppid]));
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
