import { setTimeout as delay } from 'node:timers/promises';
import { WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import { UnrecoverableError, WaitingError, type Job } from 'bullmq';
import { runWithRequestId, withoutStack } from '@app/logging';
import { nextStep } from './backoff.js';
import { CallSlots, type CallSlot } from './call-slots.js';
import { within } from './deadline.js';
import { RetryAfter } from './errors.js';
import { jobs, type JobData, type JobName, type QueueName } from './jobs.js';

export interface JobContext extends CallSlot {
  jobId: string;
  /** From 1. An attempt whose worker was lost is repeated under the same number. */
  attempt: number;
  attempts: number;
  isLastAttempt: boolean;
}

export type JobHandler<N extends JobName> = (data: JobData<N>, context: JobContext) => Promise<void>;
/** The jobs of a queue. */
export type JobsOf<Q extends QueueName> = { [N in JobName]: (typeof jobs)[N]['queue'] extends Q ? N : never }[JobName];
export type JobHandlers<Q extends QueueName> = { [N in JobsOf<Q>]: JobHandler<N> };

const CLOSE_DEADLINE_MS = 3_000;
const IDLE_MS = 500;

/**
 * Runs the jobs of one queue, errors translated in this one place. A class for each queue says how its jobs are
 * handled, under `@Processor(queue)`: one whose handlers are not those of the catalogue does not compile.
 */
export abstract class JobHost<Q extends QueueName> extends WorkerHost {
  protected abstract readonly handlers: JobHandlers<Q>;
  private readonly logger = new Logger(this.constructor.name);
  private readonly inHand = new Set<Promise<void>>();
  private slots = new CallSlots(1);
  private width = 1;
  private mayWork: () => boolean = () => true;
  private isPaused = false;
  private isStopping = false;

  /** The queue that @nestjs/bullmq has made its worker for. */
  get queue(): string {
    return this.worker.name;
  }

  async waitUntilReady(): Promise<void> {
    await this.worker.waitUntilReady();
  }

  /** @param mayWork false: as while paused, for whoever knows it sooner than `pause` can be called */
  start(mayWork: () => boolean): void {
    this.mayWork = mayWork;
    this.width = this.worker.concurrency;
    this.slots = new CallSlots(this.width);
    void this.worker.run();
  }

  /** Takes no new work until `resume`; what is in hand goes on. */
  async pause(): Promise<void> {
    this.isPaused = true;
    await this.worker.pause(true);
  }

  async resume(): Promise<void> {
    this.isPaused = false;
    await this.worker.resume();
  }

  /** Takes no new work, and waits for the handlers that run. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.worker.pause(true);
    this.slots.close();
    while (this.inHand.size > 0) await Promise.allSettled(this.inHand);
  }

  async close(): Promise<void> {
    try {
      await within(CLOSE_DEADLINE_MS, 'stop', this.worker.getBackend().getQueueMetaField('version'));
    } catch {
      // Closing in good order would wait until the backend is back. What was done last will be repeated.
      this.logger.warn('queue worker closes without its backend', { queue: this.queue });
      await this.worker.close(true);
      return;
    }
    await this.worker.close();
  }

  async process(job: Job<unknown, void>, token?: string): Promise<void> {
    const processing = this.slots.run((slot) => this.begin(job, token, slot));
    this.inHand.add(processing);
    try {
      await processing;
    } finally {
      this.inHand.delete(processing);
      this.worker.concurrency = this.width + this.slots.prefetch;
    }
  }

  /** While this worker stops or is paused, a job that it was just handed goes back to the others. */
  private async begin(job: Job<unknown, void>, token: string | undefined, slot: CallSlot): Promise<void> {
    if (this.isStopping || this.isIdle()) return this.giveBack(job, token);
    const { name } = job;
    if (!this.isOurs(name)) {
      // Left by another release: this one cannot run it, and its rows will tell what is missing.
      this.logger.error('job is not in the catalogue', { job: name, job_id: job.id });
      throw new UnrecoverableError('unknown_job');
    }
    await this.attempt(name, job, token, slot);
  }

  private isOurs(name: string): name is JobsOf<Q> {
    return Object.hasOwn(this.handlers, name);
  }

  private isIdle(): boolean {
    return this.isPaused || !this.mayWork();
  }

  private async giveBack(job: Job<unknown, void>, token: string | undefined): Promise<never> {
    // This worker may be the next to take it.
    if (!this.isStopping) await delay(IDLE_MS);
    // While the backend is away, the job's lock runs out, and the job is taken for one whose worker was lost.
    await within(CLOSE_DEADLINE_MS, 'give back', job.moveToWait(token)).catch(() => undefined);
    throw new WaitingError();
  }

  private async attempt<N extends JobsOf<Q>>(
    name: N,
    job: Job<unknown, void>,
    token: string | undefined,
    { acquire, release }: CallSlot,
  ): Promise<void> {
    const attempts = job.opts.attempts ?? jobs[name].attempts;
    const attempt = job.attemptsMade + 1;
    const about = { job: name, job_id: job.id, attempt, attempts };
    const parsed = jobs[name].schema.safeParse(job.data);
    if (!parsed.success) {
      this.logger.error('job data does not fit the schema', about);
      throw new UnrecoverableError('job_data_invalid');
    }
    // The schema belongs to the name; the compiler only sees the union of all schemas.
    const data = parsed.data as JobData<N>;
    const { request_id } = parsed.data;
    const context = { jobId: job.id ?? '', attempt, attempts, isLastAttempt: attempt >= attempts, acquire, release };
    try {
      await runWithRequestId(request_id, () => this.handlers[name](data, context));
    } catch (error) {
      const facts = { ...about, request_id, error: withoutStack(error) };
      const next = nextStep(error, attempt, attempts, jobs[name].backoff);
      // BullMQ stores our own words of a failure: an error's text may hold a secret, which must not lie in the queue.
      // A delay would be written by a clock that is wrong: another worker may have the job at once.
      if (next.step === 'retry' && this.isIdle()) return await this.giveBack(job, token);
      if (next.step === 'retry') {
        this.logger.warn('job will be tried again', { ...facts, delay_ms: next.delayMs });
        throw new RetryAfter(next.delayMs);
      }
      this.logger.error('job given up', facts);
      throw new UnrecoverableError('gave_up');
    }
  }
}
