import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { Loop, pause } from '@app/concurrency';
import { rows } from '@app/database';
import { JobQueues } from '@app/queue';
import { LaneDispatch, type Dispatched } from '../lanes/lane-dispatch.js';
import { PlatformHolds } from '../holds/platform-holds.js';
import { LEAST_CAPACITY, nextCapacity, untilWorthALookMs } from './queue-room.js';
import { leading, type Leading } from './run-events.js';
import { RunRows } from './run-rows.js';

const TICK_MS = 25;
/** How often a worker that stands by tries to become the leader. */
const STANDBY_MS = 1_000;
const SWEEP_EVERY_MS = 10_000;
/** How soon after its pause a held platform is probed. */
const PROBE_EVERY_MS = 1_000;
/** A job that is being added, or whose claim just ended, is no lost job. */
const LOST_AFTER_MS = 15_000;
const SWEEP_LIMIT = 1_000;
/** Within so long a leader that is frozen, or whose connection died without a word, is followed by another. */
const LEASE_MS = 8_000;
const RENEW_EVERY_MS = 2_000;
/** Any number will do, as long as every worker takes the same. */
export const LEADER_LOCK = 727_275;

/**
 * Hands deletions out of their lanes into the queue. Every worker has one; an advisory lock of Postgres makes one of
 * them the leader, and the lock ends with its connection, so that another takes over when it dies.
 */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly loop = new Loop((stopping) => this.leadIfFree(stopping), {
    everyMs: STANDBY_MS,
    onError: (error) => this.logger.warn('dispatcher starts anew', { error }),
  });
  /** How many jobs may wait for a worker, and how many did after the last look; undefined before the first. */
  private capacity = LEAST_CAPACITY;
  private handedOut: number | undefined;
  private lookedAt = performance.now();

  constructor(
    private readonly dataSource: DataSource,
    private readonly lanes: LaneDispatch,
    private readonly runs: RunRows,
    private readonly holds: PlatformHolds,
    private readonly queues: JobQueues,
  ) {}

  start(): void {
    this.loop.start();
  }

  /** Ends after the look that is under way; what it took is in the queue then. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async leadIfFree(stopping: AbortSignal): Promise<void> {
    const connection = this.dataSource.createQueryRunner();
    try {
      const [lock] = await rows<{ won: boolean }>(connection.manager, `SELECT pg_try_advisory_lock($1) AS won`, [
        LEADER_LOCK,
      ]);
      if (!lock?.won) return;
      // A leader that is frozen, and does not renew it, loses the lock as one that died.
      await connection.query(`SET idle_session_timeout = '${LEASE_MS}ms'`);
      this.logger.log('dispatching');
      leading.publish({ isLeading: true } satisfies Leading);
      await this.leadWhileRenewed(connection, stopping).finally(() => {
        leading.publish({ isLeading: false } satisfies Leading);
        return this.unlock(connection);
      });
    } finally {
      await connection.release();
    }
  }

  /**
   * Renews the lock beside the work, of which a part may take longer than the lease. Without the lock, the work ends.
   */
  private async leadWhileRenewed(connection: QueryRunner, stopping: AbortSignal): Promise<void> {
    const lost = new AbortController();
    const renewal = new Loop(() => connection.query('SELECT 1'), {
      everyMs: RENEW_EVERY_MS,
      onError: (error) => lost.abort(error),
    });
    renewal.start();
    try {
      await this.lead(stopping, lost.signal);
    } finally {
      await renewal.stop();
    }
  }

  private async lead(stopping: AbortSignal, lost: AbortSignal): Promise<void> {
    this.handedOut = undefined;
    this.capacity = LEAST_CAPACITY;
    this.lookedAt = performance.now();
    // Whoever led before may have died between taking deletions out of their lanes and adding their jobs.
    await this.sweep(0);
    let sweptAt = performance.now();
    let probedAt = sweptAt;
    while (!stopping.aborted) {
      lost.throwIfAborted();
      const pauseMs = await this.look();
      if (performance.now() - sweptAt > SWEEP_EVERY_MS) {
        await this.sweep(LOST_AFTER_MS);
        sweptAt = performance.now();
      }
      if (performance.now() - probedAt > PROBE_EVERY_MS) {
        await this.holds.probe();
        probedAt = performance.now();
      }
      await pause(Math.max(TICK_MS, pauseMs), stopping);
    }
  }

  /**
   * Hands out as much as the queue has room for. While it is known to be empty, nobody needs to count.
   * @returns after how many ms the next look is worth while
   */
  private async look(): Promise<number> {
    const waiting = this.handedOut === 0 ? 0 : (await this.queues.counts('deletions')).waiting;
    const elapsedMs = performance.now() - this.lookedAt;
    this.lookedAt += elapsedMs;
    this.capacity = nextCapacity(this.capacity, { handedOut: this.handedOut ?? waiting, waiting, elapsedMs });
    const pauseMs = untilWorthALookMs(this.capacity, waiting);
    const dispatched = pauseMs > 0 ? [] : await this.lanes.dispatch(this.capacity - waiting);
    this.handedOut = dispatched.length + waiting;
    await this.enqueue(dispatched);
    return pauseMs;
  }

  /** Gives deletions whose job was lost a job again. One that still has its job is not added twice. */
  private async sweep(olderThanMs: number): Promise<void> {
    await this.lanes.wakeClosed();
    await this.enqueue(await this.runs.withoutProgress(olderThanMs, SWEEP_LIMIT));
  }

  private async enqueue(dispatched: Dispatched[]): Promise<void> {
    await this.queues.addBulk(
      'deletion.run',
      dispatched.map((one) => ({ jobId: jobIdOf(one), data: { deletion_id: one.id, request_id: one.requestId } })),
    );
  }

  /** Without this the connection would go back to the pool with the lock, and nobody could ever lead again. */
  private async unlock(connection: QueryRunner): Promise<void> {
    await connection.query('SELECT pg_advisory_unlock($1)', [LEADER_LOCK]).catch(() => undefined);
    await connection.query('RESET idle_session_timeout').catch(() => undefined);
  }
}

/**
 * One job for each time that a deletion leaves its lane, so that adding it twice is harmless. A run that gives it back
 * may still be ending when it leaves again: under the same id, the new job would be taken for the old one.
 */
const jobIdOf = ({ id, dispatches }: Dispatched) => (dispatches > 1 ? `${id}-${dispatches}` : id);
