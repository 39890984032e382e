import { Injectable } from '@nestjs/common';
import { TokensToRefresh } from '@app/deletions';
import { newRequestId } from '@app/logging';
import { ComponentTokens, Merchants, PlatformUpkeep } from '@app/merchants';
import { JobQueues } from '@app/queue';
import { MerchantCensus } from '@app/telemetry';
import { addErrands } from './errands.js';

/** Per sweep: 3,000 merchants are read within a quarter of an hour, and WeChat hardly notices. */
const FACTS_AT_A_TIME = 50;

/** Keeps grants and tokens sound, and merchants counted, without anybody asking. Job ids are those of the rows, so every worker may do it. */
@Injectable()
export class GrantUpkeep {
  constructor(
    private readonly platforms: PlatformUpkeep,
    private readonly componentTokens: ComponentTokens,
    private readonly merchants: Merchants,
    private readonly tokensToRefresh: TokensToRefresh,
    private readonly queues: JobQueues,
    private readonly census: MerchantCensus,
  ) {}

  async askForSilentTickets(): Promise<void> {
    const silent = await this.platforms.claimSilent();
    await Promise.all(silent.map((platform) => this.componentTokens.askForTicket(platform)));
  }

  async refreshTokensAhead(): Promise<void> {
    const due = await this.tokensToRefresh.merchantsToRefresh(new Date());
    await addErrands(this.queues, 'authorizer.refresh-token', due);
  }

  async reconcilePlatforms(): Promise<void> {
    const due = await this.platforms.claimForReconciliation(new Date());
    await this.queues.addBulk(
      'platform.reconcile',
      due.map(({ id }) => ({ jobId: id, data: { platform_id: id, request_id: newRequestId() } })),
    );
  }

  async readOldFacts(): Promise<void> {
    await addErrands(this.queues, 'merchant.read-facts', await this.merchants.claimForFacts(FACTS_AT_A_TIME));
  }

  async takeCensus(): Promise<void> {
    await this.census.advance();
  }
}
