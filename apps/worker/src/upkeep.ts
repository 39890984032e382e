import { Injectable } from '@nestjs/common';
import { FactsWait, QuotaLedgers, TokensToRefresh, Verifications } from '@app/deletions';
import { newRequestId } from '@app/logging';
import { ComponentTokens, Merchants, PlatformUpkeep } from '@app/merchants';
import { JobQueues } from '@app/queue';

/** Per sweep: 3,000 merchants are read within a quarter of an hour, and WeChat hardly notices. */
const FACTS_AT_A_TIME = 50;
const QUOTAS_AT_A_TIME = 50;
/** Per look, each second: deletions wait for them. */
const AWAITED_FACTS_AT_A_TIME = 100;

/** Of accepted whole messages, per sweep. */
const VERIFICATIONS_AT_A_TIME = 500;

/**
 * What keeps grants and tokens sound without anybody asking. Job ids are those of the rows, so every worker may do it.
 */
@Injectable()
export class Upkeep {
  constructor(
    private readonly platforms: PlatformUpkeep,
    private readonly merchants: Merchants,
    private readonly tokensToRefresh: TokensToRefresh,
    private readonly factsWait: FactsWait,
    private readonly ledgers: QuotaLedgers,
    private readonly verifications: Verifications,
    private readonly componentTokens: ComponentTokens,
    private readonly queues: JobQueues,
  ) {}

  async askForSilentTickets(): Promise<void> {
    const silent = await this.platforms.claimSilent();
    await Promise.all(silent.map((platform) => this.componentTokens.askForTicket(platform)));
  }

  async refreshTokensAhead(): Promise<void> {
    await this.errands('authorizer.refresh-token', await this.tokensToRefresh.merchantsToRefresh(new Date()));
  }

  async reconcilePlatforms(): Promise<void> {
    const due = await this.platforms.claimForReconciliation(new Date());
    await this.queues.addBulk(
      'platform.reconcile',
      due.map(({ id }) => ({ jobId: id, data: { platform_id: id, request_id: newRequestId() } })),
    );
  }

  async readOldFacts(): Promise<void> {
    await this.errands('merchant.read-facts', await this.merchants.claimForFacts(FACTS_AT_A_TIME));
  }

  /** Of merchants who were just found, with deletions already. */
  async readAwaitedFacts(): Promise<void> {
    await this.errands('merchant.read-awaited-facts', await this.factsWait.claim(AWAITED_FACTS_AT_A_TIME));
  }

  async verifyDeletions(): Promise<void> {
    const due = await this.verifications.take(VERIFICATIONS_AT_A_TIME);
    await this.queues.addBulk(
      'deletion.verify',
      due.map(({ id, requestId }) => ({ jobId: id, data: { deletion_id: id, request_id: requestId } })),
    );
  }

  async readQuotas(): Promise<void> {
    await this.errands('merchant.read-quota', await this.ledgers.claimToAsk(QUOTAS_AT_A_TIME));
  }

  private errands(
    name: 'authorizer.refresh-token' | 'merchant.read-facts' | 'merchant.read-awaited-facts' | 'merchant.read-quota',
    merchantIds: string[],
  ): Promise<void> {
    // Several kinds share a queue, which takes one job of an id.
    const items = merchantIds.map((id) => ({
      jobId: `${name}-${id}`,
      data: { merchant_id: id, request_id: newRequestId() },
    }));
    return this.queues.addBulk(name, items);
  }
}
