import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Loop } from '@app/concurrency';
import { isTooFarOff, leastOffsetMs } from './clock-offset.js';
import { rows } from './sql/rows.js';

const EVERY_MS = 5_000;
const wallAheadMs = () => Date.now() - performance.now();

/**
 * Whether this process's clock agrees with the database's. Queues write the delays of retries by the clock of whichever
 * process waits, and others read them by theirs: one that is ten minutes off makes retries run out at once, or wait.
 */
@Injectable()
export class DatabaseClock {
  private readonly logger = new Logger(DatabaseClock.name);
  private loop: Loop | undefined;
  private isOff = false;
  /** The wall clock less a clock that nobody sets, when both were last compared. */
  private ofComparison = wallAheadMs();

  constructor(private readonly dataSource: DataSource) {}

  /** As far as the last comparison could tell, unless somebody has set the clock since. */
  get agrees(): boolean {
    return !this.isOff && !isTooFarOff(wallAheadMs() - this.ofComparison);
  }

  /**
   * Compares now, and then every few seconds, until `stop`.
   * @param follow told what `agrees` is, at first and whenever it changes. It is told one change after another
   */
  async start(follow: (agrees: boolean) => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.compare();
    let told = this.agrees;
    await follow(told);
    const turn = async (stopping: AbortSignal) => {
      await this.compare();
      const { agrees } = this;
      if (agrees === told || stopping.aborted) return;
      await follow(agrees);
      told = agrees;
    };
    this.loop ??= new Loop(turn, {
      everyMs: EVERY_MS,
      onError: (error) => this.logger.warn('a change of the clock could not be followed yet', { error }),
    });
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop?.stop();
  }

  /** While the database does not answer, what was known last stands. */
  private async compare(): Promise<void> {
    const askedAt = Date.now();
    const startedAt = performance.now();
    const databaseAt = await this.databaseNow();
    if (databaseAt === undefined) return;
    const tookMs = performance.now() - startedAt;
    const offsetMs = leastOffsetMs({ askedAt, answeredAt: Date.now(), databaseAt, tookMs });
    if (offsetMs === undefined) return;
    const wasOff = this.isOff;
    this.isOff = isTooFarOff(offsetMs);
    this.ofComparison = wallAheadMs();
    if (this.isOff && !wasOff) {
      this.logger.error("this machine's clock is not the database's: set it right (NTP)", {
        ahead_ms: Math.round(offsetMs),
      });
    }
    if (!this.isOff && wasOff) this.logger.log("this machine's clock agrees with the database's again");
  }

  private async databaseNow(): Promise<number | undefined> {
    try {
      const [row] = await rows<{ at: number }>(
        this.dataSource,
        `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at`,
      );
      return row?.at;
    } catch {
      return undefined;
    }
  }
}
