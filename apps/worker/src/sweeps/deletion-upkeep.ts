import { Injectable } from '@nestjs/common';
import { DeletionTallies, FactsWait, QuotaLedgers, Retention, Verifications } from '@app/deletions';
import { JobQueues } from '@app/queue';
import { ProcessMetrics } from '@app/telemetry';
import { addErrands } from './errands.js';

/** Per look, each second: deletions wait for them. */
const AWAITED_FACTS_AT_A_TIME = 100;
const QUOTAS_AT_A_TIME = 50;

/** Of accepted whole messages, per sweep. */
const VERIFICATIONS_AT_A_TIME = 500;

/** Finds out for deletions what nobody else asks for. Job ids are those of the rows, so every worker may do it. */
@Injectable()
export class DeletionUpkeep {
  constructor(
    private readonly factsWait: FactsWait,
    private readonly ledgers: QuotaLedgers,
    private readonly verifications: Verifications,
    private readonly tallies: DeletionTallies,
    private readonly retention: Retention,
    private readonly metrics: ProcessMetrics,
    private readonly queues: JobQueues,
  ) {}

  /** Of merchants who were just found, with deletions already. */
  async readAwaitedFacts(): Promise<void> {
    const awaited = await this.factsWait.claim(AWAITED_FACTS_AT_A_TIME);
    await addErrands(this.queues, 'merchant.read-awaited-facts', awaited);
  }

  async verifyDeletions(): Promise<void> {
    const due = await this.verifications.take(VERIFICATIONS_AT_A_TIME);
    await this.queues.addBulk(
      'deletion.verify',
      due.map(({ id, requestId }) => ({ jobId: id, data: { deletion_id: id, request_id: requestId } })),
    );
  }

  async keepTallies(): Promise<void> {
    await this.tallies.keep();
  }

  async forgetOld(): Promise<void> {
    try {
      await this.retention.forgetOld();
    } finally {
      for (const [table, lateMs] of Object.entries(await this.retention.lateMs())) {
        this.metrics.retentionLag.set({ table }, lateMs / 1_000);
      }
    }
  }

  async readQuotas(): Promise<void> {
    await addErrands(this.queues, 'merchant.read-quota', await this.ledgers.claimToAsk(QUOTAS_AT_A_TIME));
  }
}
