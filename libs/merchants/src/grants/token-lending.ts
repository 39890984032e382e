import { Injectable } from '@nestjs/common';
import { WechatError } from '@app/wechat';
import type { HeldToken } from '../tokens/access-tokens.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import { GrantLost } from '../errors.js';
import { Merchants } from '../merchants/merchants.js';
import type { Merchant } from '../merchants/merchant.entity.js';

/**
 * Access tokens for the provider's other systems: if they minted their own, each mint would kill the token before it.
 */
@Injectable()
export class TokenLending {
  constructor(
    private readonly merchants: Merchants,
    private readonly tokens: AuthorizerTokens,
  ) {}

  /**
   * The merchant's current token, minted if need be.
   * @throws GrantLost when only the merchant can help; TokenUnavailable, TicketMissing, WechatError of the mint
   */
  async lend(merchant: Merchant): Promise<HeldToken> {
    // A token may still lie there when an answer has taught us that WeChat takes it no more.
    if (merchant.state !== 'authorized') throw new GrantLost(merchant.authorizerAppid, merchant.state);
    try {
      return await this.tokens.current(merchant);
    } catch (error) {
      if (!(error instanceof WechatError)) throw error;
      // The mint may have been what taught us.
      const { state } = await this.merchants.byId(merchant.id);
      throw state === 'authorized' ? error : new GrantLost(merchant.authorizerAppid, state, { cause: error });
    }
  }
}
