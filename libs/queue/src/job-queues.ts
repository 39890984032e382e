import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AddingSide, type BullQueue, type QueueOptions } from './backend.js';
import { logBackendErrors } from './backend-errors.js';
import { within } from './deadline.js';
import { evictionPolicy } from './eviction-policy.js';
import { JobDataInvalid, QueueUnavailable } from './errors.js';
import { jobs, queueNames, type JobData, type JobName, type QueueName } from './jobs.js';
import { tryWrite } from './try-write.js';

const DEADLINE_MS = 5_000;

export interface JobItem<N extends JobName> {
  /** The natural key of the work, e.g. the row's UUID. Not a bare number, no colon. */
  jobId: string;
  data: JobData<N>;
}

/** How many jobs a queue holds. `delayed` ones wait for their next attempt. */
export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
}

/**
 * Adds the catalogue's jobs. Every method answers within about five seconds or throws QueueUnavailable, and works again
 * by itself once the backend is back.
 *
 * A finished job leaves nothing behind, done or failed: rows in Postgres are the truth, and the same id may be added
 * again.
 */
export class JobQueues implements OnApplicationShutdown {
  readonly #logger = new Logger(JobQueues.name);
  readonly #opened = new Map<QueueName, Promise<BullQueue>>();
  readonly #side: AddingSide;
  #closing: Promise<void> | undefined;

  /** Connects at the first use. @throws QueueUrlInvalid */
  constructor(options: QueueOptions) {
    this.#side = new AddingSide(options);
  }

  /**
   * Adds one job. While a job of that id is waiting, delayed or running, this does nothing.
   * @throws JobDataInvalid, QueueUnavailable
   */
  async add<N extends JobName>(name: N, data: JobData<N>, { jobId }: { jobId: string }): Promise<void> {
    await this.addBulk(name, [{ jobId, data }]);
  }

  /**
   * Adds jobs in one round trip, all or none of them.
   * @throws JobDataInvalid, QueueUnavailable
   */
  async addBulk<N extends JobName>(name: N, items: readonly JobItem<N>[]): Promise<void> {
    if (items.length === 0) return;
    const { attempts, queue } = jobs[name];
    const opts = {
      attempts,
      // The delay is computed in the worker; BullMQ asks for a name of the strategy.
      backoff: { type: 'catalogue' },
      removeOnComplete: true,
      removeOnFail: true,
      // Stacks belong in the log, not in the queue.
      stackTraceLimit: 0,
    };
    const bulk = items.map(({ jobId, data }) => ({ name, data: parse(name, data), opts: { ...opts, jobId } }));
    await this.#run(queue, 'add', (opened) => opened.addBulk(bulk));
  }

  /**
   * Those of the ids for which the queue holds no job, neither waiting, delayed nor running: what a sweep has to add
   * again or give back.
   * @throws QueueUnavailable
   */
  async missing(name: JobName, jobIds: readonly string[]): Promise<string[]> {
    const states = await this.#run(jobs[name].queue, 'look up', (opened) =>
      Promise.all(jobIds.map((jobId) => opened.getJobState(jobId))),
    );
    return jobIds.filter((_jobId, index) => states[index] === 'unknown');
  }

  /** @throws QueueUnavailable */
  async counts(queue: QueueName): Promise<QueueCounts> {
    const {
      waiting = 0,
      active = 0,
      delayed = 0,
    } = await this.#run(queue, 'count', (opened) => opened.getJobCounts('waiting', 'active', 'delayed'));
    return { waiting, active, delayed };
  }

  /**
   * Whether jobs can be added, for readiness: one write, and on Redis one of the scripts that all the rest consists of.
   * @throws QueueUnavailable
   */
  async ping(deadlineMs = DEADLINE_MS): Promise<void> {
    const [queue] = queueNames;
    if (queue) await this.#run(queue, 'ping', tryWrite, deadlineMs);
  }

  /**
   * By what Redis makes room when its memory is full, if jobs may be thrown away for it.
   * @throws QueueUnavailable
   */
  async evictionPolicy(): Promise<string | undefined> {
    const [queue] = queueNames;
    return queue && this.#run(queue, 'look at memory', evictionPolicy);
  }

  /** Idempotent. What was added stays added. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  #run<T>(
    name: QueueName,
    operation: string,
    work: (queue: BullQueue) => Promise<T>,
    deadlineMs = DEADLINE_MS,
  ): Promise<T> {
    if (this.#closing) return Promise.reject(new QueueUnavailable(`${operation}: already closed`));
    return within(deadlineMs, operation, this.#open(name).then(work));
  }

  #open(name: QueueName): Promise<BullQueue> {
    const opened = this.#opened.get(name);
    if (opened) return opened;
    const opening = this.#connect(name);
    this.#opened.set(name, opening);
    // BullMQ keeps the first connect's failure for ever: forget that queue, so that the next call starts afresh.
    opening.catch(() => this.#opened.delete(name));
    return opening;
  }

  async #connect(name: QueueName): Promise<BullQueue> {
    const queue = this.#side.open(name);
    queue.on('error', logBackendErrors(this.#logger, name));
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (error) {
      await queue.close().catch(() => undefined);
      throw error;
    }
  }

  async #close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    const queues = opened.flatMap((opening) => (opening.status === 'fulfilled' ? [opening.value] : []));
    try {
      await within(DEADLINE_MS, 'close', Promise.all(queues.map((queue) => queue.close())));
    } catch (error) {
      // The backend is away and cannot take leave; without this its connections would go on trying for ever.
      this.#logger.warn('queue did not close', { error: String(error) });
      for (const queue of queues) queue.disconnect().catch(() => undefined);
    }
    await this.#side.close(DEADLINE_MS).catch((error: unknown) => {
      this.#logger.warn('queue connections did not close', { error: String(error) });
    });
  }
}

function parse<N extends JobName>(name: N, data: JobData<N>): unknown {
  const result = jobs[name].schema.safeParse(data);
  if (!result.success) throw new JobDataInvalid(name, { cause: result.error });
  return result.data;
}
