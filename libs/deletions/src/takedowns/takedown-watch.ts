import { Injectable, Logger } from '@nestjs/common';
import { Loop, pause } from '@app/concurrency';
import { TakedownCancel } from './takedown-cancel.js';
import { TakedownIntake } from './takedown-intake.js';
import { TakedownRelease } from './takedown-release.js';
import { Takedowns } from './takedowns.js';

const EVERY_MS = 1_000;
/** An upload from which nothing is heard for that long has broken off. */
const UPLOAD_SILENT_MS = 5 * 60_000;
/** Whoever made its deletions is gone: a batch takes less than a second. */
const RELEASE_SILENT_MS = 30_000;
/** To find out the progress of large ones takes at most every so-manieth part of a worker's time. */
const PART = 10;

/** Brings takedowns to their end: closes those that are done, and carries on what a crash cut short. Every worker may do it. */
@Injectable()
export class TakedownWatch {
  private readonly logger = new Logger(TakedownWatch.name);
  private readonly loop = new Loop(() => this.look(), {
    everyMs: EVERY_MS,
    onError: (error) => this.logger.warn('watch failed, next one soon', { error }),
  });

  private readonly progressLoop = new Loop((stopping) => this.keepProgress(stopping), {
    everyMs: EVERY_MS,
    onError: (error) => this.logger.warn('progress is not kept, next try soon', { error }),
  });

  constructor(
    private readonly takedowns: Takedowns,
    private readonly intake: TakedownIntake,
    private readonly release: TakedownRelease,
    private readonly cancel: TakedownCancel,
  ) {}

  start(): void {
    this.loop.start();
    this.progressLoop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.loop.stop(), this.progressLoop.stop()]);
  }

  /** One look. */
  async look(): Promise<void> {
    await this.each(this.cancel.cancelledWithRest(), (id) => this.cancel.cancelRest(id));
    await this.each(this.takedowns.toHasten(), (id) => this.release.hastenLinked(id));
    await this.each(this.takedowns.silent('receiving', UPLOAD_SILENT_MS), (id) => this.intake.breakOff(id));
    await this.each(this.takedowns.silent('starting', RELEASE_SILENT_MS), (id) => this.release.release(id));
    await this.takedowns.finishEnded();
    await this.takedowns.settleEnded();
  }

  private async keepProgress(stopping: AbortSignal): Promise<void> {
    const began = performance.now();
    await this.takedowns.keepProgress();
    await pause((performance.now() - began) * (PART - 1), stopping);
  }

  /** One that fails must not keep the others waiting. */
  private async each(found: Promise<string[]>, act: (id: string) => Promise<void>): Promise<void> {
    for (const id of await found) {
      await act(id).catch((error: unknown) => this.logger.warn('a takedown is left', { takedown_id: id, error }));
    }
  }
}
