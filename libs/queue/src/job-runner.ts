import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { UnrecoverableError, WaitingError, type Job } from 'bullmq';
import { WorkingSide, type BullWorker, type QueueOptions } from './backend.js';
import { logBackendErrors } from './backend-errors.js';
import { within } from './deadline.js';
import { JobHandlersIncomplete, JobStalled, RetryAfter } from './errors.js';
import { isJobName, jobNames, jobs, queueNames, queues, type JobData, type JobName, type QueueName } from './jobs.js';
import { nextStep } from './next-step.js';
import { CallSlots, type CallSlot } from './call-slots.js';

export interface JobContext extends CallSlot {
  jobId: string;
  /** From 1. An attempt whose worker was lost is repeated under the same number. */
  attempt: number;
  attempts: number;
  isLastAttempt: boolean;
}

export type JobHandler<N extends JobName> = (data: JobData<N>, context: JobContext) => Promise<void>;
export type JobHandlers = { [N in JobName]: JobHandler<N> };

/**
 * Stores the end of a job that will not run again: given up by its handler, out of attempts, or stalled too often.
 * It runs before the queue forgets the job, except after stalling, and may therefore run twice. If it fails, only the
 * log knows: a sweep over the rows has to find what was lost. Not called for data that does not fit the schema, which is logged.
 */
export type GaveUpHook = (
  ...gaveUp: { [N in JobName]: [name: N, data: JobData<N>, error: Error] }[JobName]
) => Promise<void>;

export interface JobRunnerOptions extends QueueOptions {
  /** Call slots in this process, where they should differ from the catalogue. */
  concurrency?: Partial<Record<QueueName, number>>;
  onGaveUp?: GaveUpHook;
  /** False: as while paused, for whoever knows it sooner than `pause` can be called. */
  mayWork?: () => boolean;
  /**
   * How long a claim on a job lasts unless renewed, which happens every half of it. With stalledIntervalMs it bounds
   * when a job runs again whose worker was killed: 10 to 25 seconds by default. A handler that blocks the event
   * loop for longer loses its claim.
   */
  lockDurationMs?: number;
  stalledIntervalMs?: number;
  /** How many lost workers one job survives. High, because our rows decide what is given up. */
  maxStalledCount?: number;
}

const START_DEADLINE_MS = 10_000;
const CLOSE_DEADLINE_MS = 3_000;
const IDLE_MS = 500;

/** Runs the catalogue's jobs: one BullMQ worker per queue, errors translated in this one place. */
export class JobRunner {
  readonly #logger = new Logger(JobRunner.name);
  readonly #options: JobRunnerOptions;
  readonly #side: WorkingSide;
  readonly #handlers: JobHandlers;
  readonly #workers: BullWorker[] = [];
  readonly #slots: CallSlots[] = [];
  readonly #inHand = new Set<Promise<void>>();
  #isPaused = false;
  #stopping: Promise<void> | undefined;

  /** @throws JobHandlersIncomplete when a job has no handler or a handler no job, QueueUrlInvalid */
  constructor(options: JobRunnerOptions, handlers: JobHandlers) {
    const missing = jobNames.filter((name) => typeof handlers[name] !== 'function');
    const unknown = Object.keys(handlers).filter((name) => !isJobName(name));
    if (missing.length || unknown.length) throw new JobHandlersIncomplete(missing, unknown);
    this.#side = new WorkingSide(options);
    this.#options = options;
    this.#handlers = handlers;
  }

  /**
   * Connects and starts to take jobs. Once started, workers outlast any absence of the backend.
   * @throws QueueUnavailable when the backend cannot be reached: start anew later
   */
  async start(): Promise<void> {
    for (const name of queueNames) this.#workers.push(this.#openWorker(name));
    try {
      const ready = Promise.all(this.#workers.map((worker) => worker.waitUntilReady()));
      await within(START_DEADLINE_MS, 'start', ready);
    } catch (error) {
      await this.stop();
      throw error;
    }
    for (const worker of this.#workers) void worker.run();
    if (this.#isPaused) await this.pause();
  }

  /** Takes no new work until `resume`; what is in hand goes on. Before the start, too: then it starts so. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await Promise.all(this.#workers.map((worker) => worker.pause(true)));
  }

  async resume(): Promise<void> {
    if (this.#stopping) return;
    this.#isPaused = false;
    await Promise.all(this.#workers.map((worker) => worker.resume()));
  }

  /** Takes no new work, waits for the handlers that run, closes the connections. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.pause(true)));
    for (const slots of this.#slots) slots.close();
    while (this.#inHand.size > 0) await Promise.allSettled(this.#inHand);
    await Promise.all(this.#workers.map((worker) => this.#close(worker)));
    await this.#side.close(CLOSE_DEADLINE_MS).catch((error: unknown) => {
      this.#logger.warn('queue connections did not close', { error: messageOf(error) });
    });
  }

  async #close(worker: BullWorker): Promise<void> {
    try {
      await within(CLOSE_DEADLINE_MS, 'stop', worker.getBackend().getQueueMetaField('version'));
    } catch {
      // Closing in good order would wait until the backend is back. What was done last will be repeated.
      this.#logger.warn('queue worker closes without its backend', { queue: worker.name });
      await worker.close(true);
      return;
    }
    await worker.close();
  }

  #openWorker(queue: QueueName): BullWorker {
    const concurrency = this.#options.concurrency?.[queue] ?? queues[queue].concurrency;
    const slots = new CallSlots(concurrency);
    this.#slots.push(slots);
    const processor = async (job: Job<unknown, void>, token?: string) => {
      const processing = slots.run((slot) => this.#begin(job, token, slot));
      this.#inHand.add(processing);
      try {
        await processing;
      } finally {
        this.#inHand.delete(processing);
        worker.concurrency = concurrency + slots.prefetch;
      }
    };
    const worker = this.#side.open(queue, processor, {
      autorun: false,
      concurrency,
      lockDuration: this.#options.lockDurationMs ?? 15_000,
      stalledInterval: this.#options.stalledIntervalMs ?? 5_000,
      maxStalledCount: this.#options.maxStalledCount ?? 1_000,
      // BullMQ's default of 15 s would leave jobs lying that long after a restart of the backend.
      runRetryDelay: 1_000,
      settings: {
        backoffStrategy: (_attemptsMade, _type, error) => (error instanceof RetryAfter ? error.delayMs : 1_000),
      },
    });
    const run = worker.run.bind(worker);
    // BullMQ begins anew by itself when it is resumed, and leaves the end of that to nobody.
    worker.run = () =>
      run().catch((error: unknown) => {
        this.#logger.error('queue worker ended', { queue, error: messageOf(error) });
      });
    worker.on('error', logBackendErrors(this.#logger, queue));
    worker.on('stalled', (jobId) => this.#logger.warn('job runs again, its worker was lost', { queue, job_id: jobId }));
    worker.on('failed', (job) => {
      // BullMQ ends such a job itself, without asking the processor.
      if (job?.deferredFailure) void this.#storeStalled(job);
    });
    return worker;
  }

  /** While this worker stops or is paused, a job that it was just handed goes back to the others. */
  async #begin(job: Job<unknown, void>, token: string | undefined, slot: CallSlot): Promise<void> {
    if (this.#stopping || this.#isIdle()) return this.#giveBack(job, token);
    await this.#process(job, token, slot);
  }

  #isIdle(): boolean {
    return this.#isPaused || this.#options.mayWork?.() === false;
  }

  async #giveBack(job: Job<unknown, void>, token: string | undefined): Promise<never> {
    // This worker may be the next to take it.
    if (!this.#stopping) await delay(IDLE_MS);
    // Where the backend is away, the job's lock runs out, and it is taken for one whose worker was lost.
    await within(CLOSE_DEADLINE_MS, 'give back', job.moveToWait(token)).catch(() => undefined);
    throw new WaitingError();
  }

  async #process(job: Job<unknown, void>, token: string | undefined, slot: CallSlot): Promise<void> {
    const { name } = job;
    if (!isJobName(name)) {
      // Left by another release: this one cannot run it, and its rows will tell what is missing.
      this.#logger.error('job is not in the catalogue', { job: name, job_id: job.id });
      throw new UnrecoverableError('unknown_job');
    }
    await this.#attempt(name, job, token, slot);
  }

  async #attempt<N extends JobName>(
    name: N,
    job: Job<unknown, void>,
    token: string | undefined,
    { acquire, release }: CallSlot,
  ): Promise<void> {
    const attempts = job.opts.attempts ?? jobs[name].attempts;
    const attempt = job.attemptsMade + 1;
    const about = { job: name, job_id: job.id, attempt, attempts };
    const parsed = parse(name, job.data);
    if (!parsed) {
      this.#logger.error('job data does not fit the schema', about);
      throw new UnrecoverableError('job_data_invalid');
    }
    const context = { jobId: job.id ?? '', attempt, attempts, isLastAttempt: attempt >= attempts, acquire, release };
    try {
      await this.#handlers[name](parsed.data, context);
    } catch (error) {
      const facts = { ...about, request_id: parsed.data.request_id, error: messageOf(error) };
      const next = nextStep(error, attempt, attempts, jobs[name].backoff);
      // What BullMQ stores of a failure is our own words: an error's text may hold what must not lie in the queue.
      // A delay would be written by a clock that is wrong: another worker may have the job at once.
      if (next.step === 'retry' && this.#isIdle()) return await this.#giveBack(job, token);
      if (next.step === 'retry') {
        this.#logger.warn('job will be tried again', { ...facts, delay_ms: next.delayMs });
        throw new RetryAfter(next.delayMs);
      }
      this.#logger.error('job given up', facts);
      await this.#storeGaveUp(name, parsed.data, error);
      throw new UnrecoverableError('gave_up');
    }
  }

  async #storeStalled(job: Job<unknown, void>): Promise<void> {
    const { name } = job;
    this.#logger.error('job given up, its workers were lost too often', { job: name, job_id: job.id });
    if (!isJobName(name)) return;
    const parsed = parse(name, job.data);
    if (parsed) await this.#storeGaveUp(name, parsed.data, new JobStalled(name));
  }

  async #storeGaveUp<N extends JobName>(name: N, data: JobData<N>, error: unknown): Promise<void> {
    const hook = this.#options.onGaveUp as
      // The hook's parameters are a union of tuples; name and data are of one job here, which the compiler cannot see.
      ((name: JobName, data: unknown, error: Error) => Promise<void>) | undefined;
    try {
      await hook?.(name, data, error instanceof Error ? error : new Error(String(error)));
    } catch (failure) {
      this.#logger.error('the end of a job could not be stored', {
        job: name,
        request_id: data.request_id,
        error: messageOf(failure),
      });
    }
  }
}

function parse<N extends JobName>(name: N, data: unknown): { data: JobData<N> } | undefined {
  const result = jobs[name].schema.safeParse(data);
  // The schema belongs to the name; the compiler only sees the union of all schemas.
  return result.success ? { data: result.data as JobData<N> } : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
