import { Injectable, Logger } from '@nestjs/common';
import { ComponentApi, CredentialExpired, PlatformBroken, WechatError } from '@app/wechat';
import { AccessTokens, type HeldToken, type MintedToken } from '../tokens/access-tokens.js';
import { publishMint } from '../tokens/mints.js';
import { TicketMissing } from '../errors.js';
import { Platforms, type Platform } from './platforms.js';

/** What a call for a platform needs to know of it. */
export type CallingPlatform = Pick<Platform, 'id' | 'componentAppid'>;

/** component_access_tokens: one per platform, minted from the newest ticket. */
@Injectable()
export class ComponentTokens {
  private readonly logger = new Logger(ComponentTokens.name);

  constructor(
    private readonly platforms: Platforms,
    private readonly tokens: AccessTokens,
    private readonly api: ComponentApi,
  ) {}

  /** Makes a call with the platform's token, and once more with a new one if WeChat says that it expired. */
  async use<T>(platform: CallingPlatform, call: (componentAccessToken: string) => Promise<T>): Promise<T> {
    const held = await this.current(platform);
    try {
      return await call(held.token);
    } catch (error) {
      if (!(error instanceof CredentialExpired)) throw error;
      await this.tokens.markStale(platform.id, held.version);
      return this.useAfresh(platform, call);
    }
  }

  /** A fresh token that is refused as well is the platform's matter: somebody else mints for it, perhaps. */
  private async useAfresh<T>(
    platform: CallingPlatform,
    call: (componentAccessToken: string) => Promise<T>,
  ): Promise<T> {
    const held = await this.current(platform);
    try {
      return await call(held.token);
    } catch (error) {
      if (!(error instanceof CredentialExpired)) throw error;
      await this.tokens.markStale(platform.id, held.version);
      const { operation, errcode, errmsg, rid, httpStatus } = error;
      throw new PlatformBroken({ operation, errcode, errmsg, rid, httpStatus, cause: error });
    }
  }

  /** Asks WeChat to push the platform's ticket now. Without success it comes anyway, within ten minutes. */
  async askForTicket({ id, componentAppid }: CallingPlatform): Promise<void> {
    try {
      await this.api.startPushTicket({ componentAppid, componentSecret: await this.platforms.appSecret(id) });
    } catch (error) {
      if (!(error instanceof WechatError)) throw error;
      const { code, errcode } = error;
      this.logger.warn('ticket push could not be asked for', { component_appid: componentAppid, code, errcode });
    }
  }

  private current(platform: CallingPlatform): Promise<HeldToken> {
    return this.tokens.current(platform.id, () => publishMint('platform', () => this.mint(platform)));
  }

  private async mint({ id, componentAppid }: CallingPlatform): Promise<MintedToken> {
    const componentVerifyTicket = await this.platforms.ticket(id);
    if (!componentVerifyTicket) throw new TicketMissing(componentAppid);
    const componentAppsecret = await this.platforms.appSecret(id);
    const minted = await this.api.componentToken({ componentAppid, componentAppsecret, componentVerifyTicket });
    return { token: minted.componentAccessToken, expiresInSeconds: minted.expiresInSeconds };
  }
}
