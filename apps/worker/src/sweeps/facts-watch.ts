import { Injectable, Logger } from '@nestjs/common';
import { Loop } from '@app/concurrency';
import { DeletionUpkeep } from './deletion-upkeep.js';

const EVERY_MS = 1_000;

/** Sees to it that no deletion waits for facts that nobody reads. Every worker may do it at once. */
@Injectable()
export class FactsWatch {
  private readonly logger = new Logger(FactsWatch.name);
  private readonly loop = new Loop(() => this.upkeep.readAwaitedFacts(), {
    everyMs: EVERY_MS,
    onError: (error) => this.logger.warn('awaited facts are asked for with the next look', { error }),
  });

  constructor(private readonly upkeep: DeletionUpkeep) {}

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }
}
