import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Upkeep } from './upkeep.js';

const EVERY_MS = 1_000;

/** Sees to it that no deletion waits for facts that nobody reads. Every worker may do it at once. */
@Injectable()
export class FactsWatch {
  private readonly logger = new Logger(FactsWatch.name);
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly upkeep: Upkeep) {}

  start(): void {
    this.loop ??= this.watch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async watch(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.upkeep.readAwaitedFacts();
      } catch (error) {
        this.logger.warn('awaited facts are asked for with the next look', { error });
      }
      await delay(EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
