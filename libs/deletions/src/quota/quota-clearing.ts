import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuthorizerTokens, type Merchant } from '@app/merchants';
import { AuthorizerApi, CredentialExpired, UnknownOutcome, WechatError } from '@app/wechat';
import { QuotaClearsSpent } from '../errors.js';
import { QuotaLedgers } from './quota-ledgers.js';

const NO_CLEARS_LEFT = 48006;

/** Has WeChat set an account's daily counters back to 0. It does so ten times a month, so only when somebody asks. */
@Injectable()
export class QuotaClearing {
  constructor(
    private readonly tokens: AuthorizerTokens,
    private readonly api: AuthorizerApi,
    private readonly ledgers: QuotaLedgers,
  ) {}

  /**
   * @param alongside writes in the transaction that opens the lane, for example an audit row
   * @throws QuotaClearsSpent; GrantLost, TokenUnavailable, WechatError when it could not be done
   */
  async clear(merchant: Merchant, alongside: (tx: EntityManager) => Promise<void>): Promise<void> {
    const { id, authorizerAppid } = merchant;
    if (!(await this.ledgers.spendClear(id))) throw new QuotaClearsSpent(authorizerAppid);
    try {
      await this.call(merchant);
    } catch (error) {
      // WeChat may have cleared: then it was one of the ten.
      if (error instanceof UnknownOutcome) throw error;
      const areNoneLeft = error instanceof WechatError && error.errcode === NO_CLEARS_LEFT;
      await this.ledgers.returnClear(id, { areNoneLeft });
      if (areNoneLeft) throw new QuotaClearsSpent(authorizerAppid, { cause: error });
      throw error;
    }
    await this.ledgers.cleared(id, alongside);
  }

  private async call(merchant: Merchant, isTokenRenewed = false): Promise<void> {
    const { token, version } = await this.tokens.current(merchant);
    try {
      await this.api.clearQuota({ accessToken: token, appid: merchant.authorizerAppid });
    } catch (error) {
      if (!(error instanceof CredentialExpired)) throw error;
      await this.tokens.markStale(merchant, version);
      if (isTokenRenewed) throw error;
      await this.call(merchant, true);
    }
  }
}
