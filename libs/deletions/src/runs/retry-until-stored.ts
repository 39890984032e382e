import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

/** A failover of the database is over by then. */
const GIVE_UP_AFTER_MS = 10 * 60_000;
const GIVE_UP_AT_SHUTDOWN_MS = 5_000;
const PAUSE_MS = 500;

/** What WeChat answered is known once: a database that restarts shall not cost another of the day's calls. */
@Injectable()
export class RetryUntilStored implements OnModuleDestroy {
  private readonly logger = new Logger(RetryUntilStored.name);
  private closesAt = Infinity;

  /** Before the jobs in hand are waited for: without a database they shall not keep the process up for long. */
  onModuleDestroy(): void {
    this.closesAt = performance.now() + GIVE_UP_AT_SHUTDOWN_MS;
  }

  /** @param write may be done twice, for an error does not tell whether it was done */
  async store(write: () => Promise<unknown>): Promise<void> {
    const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (performance.now() > Math.min(giveUpAt, this.closesAt)) throw error;
        this.logger.warn('an answer could not be stored yet', { error });
        await delay(PAUSE_MS);
      }
    }
  }
}
