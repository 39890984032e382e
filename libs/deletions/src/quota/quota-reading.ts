import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuthorizerTokens, Merchants, MerchantsError, type Merchant } from '@app/merchants';
import { AuthorizerApi, CredentialExpired, WechatError, type ApiQuota } from '@app/wechat';
import type { QuotaAnswer } from '../pacing/lane.js';
import { QuotaLedgers } from './quota-ledgers.js';
import type { Rate } from '../pacing/rate.js';

const DELETE_PATH = '/cgi-bin/message/mass/delete';

/** Asks WeChat how many delete calls an account may make, at what rate, and how many it has counted today. */
@Injectable()
export class QuotaReading {
  private readonly logger = new Logger(QuotaReading.name);

  constructor(
    private readonly merchants: Merchants,
    private readonly tokens: AuthorizerTokens,
    private readonly api: AuthorizerApi,
    private readonly ledgers: QuotaLedgers,
  ) {}

  /** If WeChat does not tell now, the ledger goes on with what is known, and WeChat is asked again an hour later. */
  async read(merchantId: string): Promise<void> {
    const merchant = await this.merchants.byId(merchantId);
    try {
      await this.ask(merchant);
    } catch (error) {
      if (!(error instanceof WechatError) && !(error instanceof MerchantsError)) throw error;
      this.logger.warn('quota could not be read', { authorizer_appid: merchant.authorizerAppid, error });
    }
  }

  /**
   * Because somebody wants to know: once a minute for each account.
   * @param alongside writes in the transaction that claims the question, for example an audit row
   * @throws GrantLost, TokenUnavailable, WechatError when WeChat does not tell
   */
  async readNow(merchant: Merchant, alongside: (tx: EntityManager) => Promise<void>): Promise<void> {
    // Without a token nothing is asked, and the minute's question is left.
    await this.tokens.current(merchant);
    if (await this.ledgers.claimAsked(merchant.id, alongside)) await this.ask(merchant);
  }

  private async ask(merchant: Merchant): Promise<void> {
    const { token, version } = await this.tokens.current(merchant);
    const answer = await this.api.quotaGet({ accessToken: token, cgiPath: DELETE_PATH }).catch(async (error) => {
      // The next one to need a token mints it.
      if (error instanceof CredentialExpired) await this.tokens.markStale(merchant, version);
      throw error;
    });
    await this.ledgers.learn(merchant.id, quotaOf(answer), rateOf(answer.componentRateLimit));
    const { dailyLimit: daily_limit, used } = answer;
    this.logger.log('quota learned', { authorizer_appid: merchant.authorizerAppid, daily_limit, used });
  }
}

/** WeChat's numbers are whole, but nothing says so. */
function quotaOf({ dailyLimit, used, remain, rateLimit }: ApiQuota): QuotaAnswer {
  return {
    dailyLimit: Math.max(0, Math.floor(dailyLimit)),
    used: Math.max(0, Math.ceil(used)),
    remain: Math.max(0, Math.floor(remain)),
    rate: rateOf(rateLimit),
  };
}

/** A rate of nothing, or in no time, tells nothing. */
function rateOf(limit: ApiQuota['rateLimit']): Rate | null {
  if (!limit || limit.callCount < 1 || limit.refreshSeconds <= 0) return null;
  return { calls: Math.floor(limit.callCount), seconds: Math.ceil(limit.refreshSeconds) };
}
