import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ComponentApi, RefreshTokenInvalid, WechatError } from '@app/wechat';
import { AccessTokens, type EarlyVoid, type HeldToken, type MintedToken } from '../tokens/access-tokens.js';
import { AuthorizerLists } from './authorizer-lists.js';
import { ComponentTokens, type CallingPlatform } from '../platforms/component-tokens.js';
import { GrantLost, TokenUnavailable } from '../errors.js';
import { lessonOf } from '../merchants/lessons.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { Platforms } from '../platforms/platforms.js';
import { publishMint } from '../tokens/mints.js';
import { refreshAheadMs } from '../tokens/refresh-ahead.js';

/** What a token call needs to know of its merchant. */
export type TokenHolder = Pick<Merchant, 'id' | 'platformId' | 'authorizerAppid'>;

type InTurn = (mint: () => Promise<MintedToken>) => Promise<MintedToken>;

/** A refresh token and the grant that it belongs to. */
interface Attempt {
  platform: CallingPlatform;
  version: number;
  refreshToken: string;
}

/** authorizer_access_tokens: one per merchant, minted from the refresh token of its grant. */
@Injectable()
export class AuthorizerTokens {
  private readonly logger = new Logger(AuthorizerTokens.name);

  constructor(
    private readonly platforms: Platforms,
    private readonly grants: GrantRows,
    private readonly tokens: AccessTokens,
    private readonly componentTokens: ComponentTokens,
    private readonly lists: AuthorizerLists,
    private readonly api: ComponentApi,
  ) {}

  /**
   * @param inTurn mints, if that is needed, when its turn has come; may throw MintPutOff instead
   * @throws GrantLost when only the merchant can help; TokenUnavailable; WechatError of the mint
   */
  current(merchant: TokenHolder, inTurn: InTurn = (mint) => mint()): Promise<HeldToken> {
    return this.tokens.current(merchant.id, () => inTurn(() => this.publishedMint(merchant)));
  }

  /** The token of a row that was found usable. */
  unseal(merchant: Pick<TokenHolder, 'id'>, tokenSealed: string): string {
    return this.tokens.unseal(merchant.id, tokenSealed);
  }

  /** Mints already if the token ends soon; others use the old one meanwhile. @throws as `current` */
  async refreshAhead(merchant: TokenHolder): Promise<void> {
    await this.tokens.current(merchant.id, () => this.publishedMint(merchant), refreshAheadMs(merchant.id));
  }

  /** Says that WeChat refused this token; a newer one is left alone. */
  markStale(merchant: TokenHolder, version: number): Promise<void> {
    return this.tokens.markStale(merchant.id, version);
  }

  /**
   * Says that WeChat refused this token although it was minted for the very call.
   * @returns false when there is a newer one
   */
  refuseFresh(tx: EntityManager, merchant: TokenHolder, version: number): Promise<boolean> {
    return this.tokens.refuseFresh(tx, merchant.id, version);
  }

  /** When a token was refused before its time, if nobody has claimed that yet. One caller gets it. */
  claimEarlyVoid(tx: EntityManager, merchant: TokenHolder): Promise<EarlyVoid | undefined> {
    return this.tokens.claimEarlyVoid(tx, merchant.id);
  }

  /** When each merchant's current token ends; those without one are left out. */
  expiries(merchantIds: string[]): Promise<Map<string, Date>> {
    return this.tokens.expiries(merchantIds);
  }

  private publishedMint(holder: TokenHolder): Promise<MintedToken> {
    return publishMint('merchant', () => this.mint(holder));
  }

  private async mint(holder: TokenHolder): Promise<MintedToken> {
    const platform = { id: holder.platformId, componentAppid: await this.platforms.appidOf(holder.platformId) };
    let { version, refreshToken } = await this.grant(holder);
    const tried = new Set<string>();
    while (refreshToken && !tried.has(refreshToken)) {
      tried.add(refreshToken);
      const minted = await this.tryMint(holder, { platform, version, refreshToken });
      if (minted) return minted;
      // Read anew after a refusal: another process may have stored a newer one meanwhile.
      ({ version, refreshToken } = await this.grant(holder, version));
    }
    return this.recover(holder, { platform, version, tried });
  }

  /** The stored refresh token is blank or refused, so WeChat is asked whether its list has a better one. */
  private async recover(
    holder: TokenHolder,
    { platform, version, tried }: Omit<Attempt, 'refreshToken'> & { tried: Set<string> },
  ): Promise<MintedToken> {
    const { id, authorizerAppid } = holder;
    const listed = await this.lists.find(platform, authorizerAppid);
    if (listed?.refreshToken && !tried.has(listed.refreshToken)) {
      await this.grants.replaceRefreshToken(id, version, [...tried].at(-1), listed.refreshToken);
      const minted = await this.tryMint(holder, { platform, version, refreshToken: listed.refreshToken });
      if (minted) {
        this.logger.warn('lost refresh token recovered from the list of authorizers', {
          authorizer_appid: authorizerAppid,
        });
        return minted;
      }
    }
    await this.grants.learn(id, version, 'reauthorization_required');
    throw new GrantLost(authorizerAppid, 'reauthorization_required');
  }

  private async grant({ id, authorizerAppid }: TokenHolder, version?: number) {
    const grant = await this.grants.grant(id);
    if (grant.state !== 'authorized') throw new GrantLost(authorizerAppid, grant.state);
    // A grant that came meanwhile brought its own access token, which another mint would kill.
    if (version !== undefined && grant.version !== version) throw new TokenUnavailable('grant_renewed');
    return grant;
  }

  /** @returns undefined when WeChat refuses the refresh token */
  private async tryMint(
    { id, authorizerAppid }: TokenHolder,
    { platform, version, refreshToken }: Attempt,
  ): Promise<MintedToken | undefined> {
    const request = { componentAppid: platform.componentAppid, authorizerAppid, authorizerRefreshToken: refreshToken };
    try {
      const minted = await this.componentTokens.use(platform, (componentAccessToken) =>
        this.api.authorizerToken({ componentAccessToken, ...request }),
      );
      // Before anybody uses the access token: once WeChat has rotated the refresh token, the old one is on its way out.
      if (minted.authorizerRefreshToken && minted.authorizerRefreshToken !== refreshToken) {
        await this.grants.replaceRefreshToken(id, version, refreshToken, minted.authorizerRefreshToken);
      }
      return { token: minted.authorizerAccessToken, expiresInSeconds: minted.expiresInSeconds };
    } catch (error) {
      if (error instanceof RefreshTokenInvalid) return undefined;
      const lesson = error instanceof WechatError ? lessonOf(error.errcode) : undefined;
      if (lesson) await this.grants.learn(id, version, lesson);
      throw error;
    }
  }
}
