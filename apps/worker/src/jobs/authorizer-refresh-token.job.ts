import { Injectable } from '@nestjs/common';
import { AuthorizerTokens, GrantLost, Merchants } from '@app/merchants';
import type { JobData } from '@app/queue';

/**
 * Started by the sweep for a merchant with open deletions whose token ends soon. Mints the next one while the old one still
 * works. Running it twice does no harm: a token that was renewed meanwhile lasts long enough.
 */
@Injectable()
export class AuthorizerRefreshTokenJob {
  constructor(
    private readonly merchants: Merchants,
    private readonly tokens: AuthorizerTokens,
  ) {}

  async handle(data: JobData<'authorizer.refresh-token'>): Promise<void> {
    try {
      await this.tokens.refreshAhead(await this.merchants.byId(data.merchant_id));
    } catch (error) {
      // Its row and its event say so already; another try would not change it.
      if (!(error instanceof GrantLost)) throw error;
    }
  }
}
