import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows } from '@app/database';
import { authorizationLinks, ComponentApi } from '@app/wechat';
import { ComponentTokens } from './component-tokens.js';
import { AuthorizationStateRefused } from './errors.js';
import { GrantExchange, hashOfCode } from './grant-exchange.js';
import type { Merchant } from './merchant.entity.js';
import { readState, writeState, type Signer } from './onboarding-state.js';
import { Platforms } from './platforms.js';
import { EVERYTHING } from './scope.js';

export interface OnboardingOptions {
  /** Where merchants' browsers reach this service, without a slash at the end. */
  publicUrl: string;
  /** https://mp.weixin.qq.com */
  wechatMpUrl: string;
  /** https://open.weixin.qq.com */
  wechatOpenUrl: string;
}

/** For the desktop a page with a QR code; for a phone a page inside WeChat. */
export interface AuthorizationLinks {
  pc: string;
  mobile: string;
}

export const ONBOARDING_OPTIONS = Symbol('OnboardingOptions');
export const STATE_SIGNER = Symbol('StateSigner');

/** A pre-auth code lives half an hour at most, so a link that is older leads nowhere anyway. */
const STATE_LIFETIME_MS = 60 * 60_000;

/** The way of a merchant's admin: a link to WeChat's authorization page, and back with a code. */
@Injectable()
export class Onboarding {
  constructor(
    private readonly dataSource: DataSource,
    private readonly platforms: Platforms,
    private readonly componentTokens: ComponentTokens,
    private readonly exchange: GrantExchange,
    private readonly api: ComponentApi,
    @Inject(STATE_SIGNER) private readonly signer: Signer,
    @Inject(ONBOARDING_OPTIONS) private readonly options: OnboardingOptions,
  ) {}

  /** Our page from which this one account can authorize again. */
  reauthorizeUrl(componentAppid: string, authorizerAppid: string): string {
    return `${this.options.publicUrl}/authorize/${componentAppid}?biz_appid=${encodeURIComponent(authorizerAppid)}`;
  }

  /**
   * Fresh links; they cost one pre-auth code.
   * @param bizAppid the one account that the links shall offer
   * @throws PlatformNotFound, TicketMissing, WechatError
   */
  async begin(componentAppid: string, ref?: string, bizAppid?: string): Promise<AuthorizationLinks> {
    const platform = await this.platforms.get(EVERYTHING, componentAppid);
    const preAuth = await this.componentTokens.use(platform, (componentAccessToken) =>
      this.api.createPreAuthCode({ componentAccessToken, componentAppid }),
    );
    const expiresAt = Date.now() + STATE_LIFETIME_MS;
    const state = writeState({ id: uuidv7(), componentAppid, ref, expiresAt }, this.signer);
    const { publicUrl, wechatMpUrl, wechatOpenUrl } = this.options;
    return authorizationLinks({
      mpUrl: wechatMpUrl,
      openUrl: wechatOpenUrl,
      componentAppid,
      preAuthCode: preAuth.preAuthCode,
      redirectUri: `${publicUrl}/authorize/${componentAppid}/callback?state=${encodeURIComponent(state)}`,
      ...(bizAppid !== undefined && { bizAppid }),
    });
  }

  /**
   * The admin came back. A page that is loaded again shows the same result; a `state` works with one code only.
   * @throws AuthorizationStateRefused, AuthorizationCodeRefused, PlatformNotFound, WechatError
   */
  async complete(componentAppid: string, state: string, code: string): Promise<Merchant> {
    const platform = await this.platforms.get(EVERYTHING, componentAppid);
    const { id, ref } = readState(state, componentAppid, this.signer, Date.now());
    await this.spendState(id, hashOfCode(code));
    return this.exchange.exchange(platform, { code, ref });
  }

  private async spendState(id: string, codeHash: string): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO used_authorization_states (id, code_hash) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`,
      [id, codeHash],
    );
    const [used] = await rows<{ code_hash: string }>(
      this.dataSource,
      `SELECT code_hash FROM used_authorization_states WHERE id = $1`,
      [id],
    );
    if (used?.code_hash !== codeHash) throw new AuthorizationStateRefused('used');
  }
}
