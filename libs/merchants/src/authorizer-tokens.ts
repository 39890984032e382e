import { Injectable } from '@nestjs/common';
import { ComponentApi, WechatError } from '@app/wechat';
import { AccessTokens, type HeldToken, type MintedToken } from './access-tokens.js';
import { ComponentTokens } from './component-tokens.js';
import { GrantLost } from './errors.js';
import { lessonOf } from './lessons.js';
import type { Merchant } from './merchant.entity.js';
import { Merchants } from './merchants.js';
import { Platforms } from './platforms.js';

/** What a token call needs to know of its merchant. */
export type TokenHolder = Pick<Merchant, 'id' | 'platformId' | 'authorizerAppid'>;

/** authorizer_access_tokens: one per merchant, minted from the refresh token of its grant. */
@Injectable()
export class AuthorizerTokens {
  constructor(
    private readonly platforms: Platforms,
    private readonly merchants: Merchants,
    private readonly tokens: AccessTokens,
    private readonly componentTokens: ComponentTokens,
    private readonly api: ComponentApi,
  ) {}

  /** @throws GrantLost when only the merchant can help; TokenUnavailable; WechatError of the mint */
  current(merchant: TokenHolder): Promise<HeldToken> {
    return this.tokens.current(merchant.id, () => this.mint(merchant));
  }

  /** Says that WeChat refused this token; a newer one is left alone. */
  markStale(merchant: TokenHolder, version: number): Promise<void> {
    return this.tokens.markStale(merchant.id, version);
  }

  /** When each merchant's current token ends; those without one are left out. */
  expiries(merchantIds: string[]): Promise<Map<string, Date>> {
    return this.tokens.expiries(merchantIds);
  }

  private async mint({ id, platformId, authorizerAppid }: TokenHolder): Promise<MintedToken> {
    const { version, state, refreshToken } = await this.merchants.grant(id);
    if (state !== 'authorized') throw new GrantLost(authorizerAppid, state);
    if (!refreshToken) {
      await this.merchants.learn(id, version, 'reauthorization_required');
      throw new GrantLost(authorizerAppid, 'reauthorization_required');
    }
    const platform = await this.platforms.byId(platformId);
    const request = { componentAppid: platform.componentAppid, authorizerAppid, authorizerRefreshToken: refreshToken };
    try {
      const minted = await this.componentTokens.use(platform, (componentAccessToken) =>
        this.api.authorizerToken({ componentAccessToken, ...request }),
      );
      // Before anybody uses the access token: once WeChat has rotated the refresh token, the old one is on its way out.
      if (minted.authorizerRefreshToken && minted.authorizerRefreshToken !== refreshToken) {
        await this.merchants.replaceRefreshToken(id, version, minted.authorizerRefreshToken);
      }
      return { token: minted.authorizerAccessToken, expiresInSeconds: minted.expiresInSeconds };
    } catch (error) {
      const lesson = error instanceof WechatError ? lessonOf(error.errcode) : undefined;
      if (lesson) await this.merchants.learn(id, version, lesson);
      throw error;
    }
  }
}
