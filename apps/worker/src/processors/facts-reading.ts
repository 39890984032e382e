import { Injectable } from '@nestjs/common';
import { FactsWait } from '@app/deletions';
import { GrantExchange, GrantLost } from '@app/merchants';

/** Reads a merchant's facts, and tells the deletions that wait for them. */
@Injectable()
export class FactsReading {
  constructor(
    private readonly grants: GrantExchange,
    private readonly factsWait: FactsWait,
  ) {}

  async read(merchantId: string): Promise<void> {
    try {
      await this.grants.refreshFacts(merchantId);
    } catch (error) {
      // The read was to find out that the grant is gone: it is stored already.
      if (!(error instanceof GrantLost)) throw error;
    }
    await this.factsWait.wake(merchantId);
  }
}
