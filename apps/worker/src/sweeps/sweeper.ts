import { Injectable, Logger } from '@nestjs/common';
import { Loop } from '@app/concurrency';
import { DatabaseClock, Resealing } from '@app/database';
import { ProcessMetrics } from '@app/telemetry';
import { DeletionUpkeep } from './deletion-upkeep.js';
import { GrantUpkeep } from './grant-upkeep.js';
import { InboxSweep } from './inbox-sweep.js';
import { RecordSweep } from './record-sweep.js';
import type { Step } from './step.js';

const EVERY_MS = 15_000;

/** At this rate, 200,000 merchants and their tokens change keys within an hour. */
const RESEALED_A_SWEEP = 2_000;

/**
 * Finds what a crash or a lost queue left behind, and clears what has served its time. Every worker may do it at once.
 */
@Injectable()
export class Sweeper {
  private readonly logger = new Logger(Sweeper.name);
  private readonly loop = new Loop((stopping) => this.sweep(stopping), {
    everyMs: EVERY_MS,
    onError: (error) => this.warn(error),
  });

  constructor(
    private readonly clock: DatabaseClock,
    private readonly inbox: InboxSweep,
    private readonly records: RecordSweep,
    private readonly grants: GrantUpkeep,
    private readonly deletions: DeletionUpkeep,
    private readonly resealing: Resealing,
    private readonly metrics: ProcessMetrics,
  ) {}

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** A step that fails does not stop the others. */
  private async sweep(stopping: AbortSignal): Promise<void> {
    // By a wrong clock, what is still needed would be forgotten.
    if (!this.clock.agrees) return;
    const end = this.metrics.sweeps.startTimer();
    // While the database is away, all steps fail in the same way.
    const told = new Set<string>();
    for (const step of this.steps()) {
      if (!stopping.aborted) await step().catch((error: unknown) => this.failed(error, told));
    }
    end();
  }

  private steps(): Step[] {
    return [
      ...this.inbox.steps(),
      ...this.records.steps(),
      () => this.grants.askForSilentTickets(),
      () => this.grants.refreshTokensAhead(),
      () => this.deletions.verifyDeletions(),
      () => this.grants.reconcilePlatforms(),
      () => this.grants.readOldFacts(),
      () => this.grants.takeCensus(),
      () => this.deletions.readQuotas(),
      () => this.deletions.keepTallies(),
      () => this.deletions.forgetOld(),
      () => this.resealing.step(RESEALED_A_SWEEP),
    ];
  }

  private failed(error: unknown, told: Set<string>): void {
    this.metrics.failedSweepSteps.inc();
    if (!told.has(String(error))) this.warn(error);
    told.add(String(error));
  }

  private warn(error: unknown): void {
    this.logger.warn('sweep failed, next one soon', { error });
  }
}
