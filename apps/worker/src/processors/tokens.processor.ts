import { Processor } from '@nestjs/bullmq';
import { AuthorizerTokens, GrantLost, Merchants } from '@app/merchants';
import { JobHost, type JobHandlers } from '@app/queue';
import { FactsReading } from './facts-reading.js';

@Processor('tokens')
export class TokensProcessor extends JobHost<'tokens'> {
  constructor(
    private readonly merchants: Merchants,
    private readonly tokens: AuthorizerTokens,
    private readonly facts: FactsReading,
  ) {
    super();
  }

  protected readonly handlers: JobHandlers<'tokens'> = {
    /**
     * Started by the sweep for a merchant with open deletions whose token ends soon. Mints the next one while the old
     * one still works. Running it twice does no harm: a token that was renewed meanwhile lasts long enough.
     */
    'authorizer.refresh-token': async ({ merchant_id }) => {
      try {
        await this.tokens.refreshAhead(await this.merchants.byId(merchant_id));
      } catch (error) {
        // Its row and its event say so already; another try would not change it.
        if (!(error instanceof GrantLost)) throw error;
      }
    },

    /**
     * Started for merchants whose deletions wait for facts that were never read. The same as `merchant.read-facts`, for
     * which nobody waits, but in a queue where it does not stand behind others. One that fails is tried again by the
     * next look. Running it twice does no harm, as there.
     */
    'merchant.read-awaited-facts': ({ merchant_id }) => this.facts.read(merchant_id),
  };
}
