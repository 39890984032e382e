import type { OnApplicationShutdown } from '@nestjs/common';
import { within } from './deadline.js';
import { JobDataInvalid, QueueUnavailable } from './errors.js';
import { jobs, queueNames, type JobData, type JobName, type QueueName } from './jobs.js';
import { CatalogueQueue, QueueConnections, type QueueOptions } from './queue-connections.js';
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
  private readonly queues: Map<string, CatalogueQueue>;
  private closing: Promise<void> | undefined;

  /** @param queues all of the catalogue */
  constructor(
    private readonly connections: QueueConnections,
    queues: CatalogueQueue[],
  ) {
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));
  }

  /** Before there is an application. Whoever opens them closes them. @throws QueueUrlInvalid */
  static open(options: QueueOptions): JobQueues {
    const connection = new QueueConnections(options);
    return new JobQueues(
      connection,
      queueNames.map((name) => new CatalogueQueue(name, { connection })),
    );
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
    await this.run(queue, 'add', (opened) => opened.addBulk(bulk));
  }

  /** @throws QueueUnavailable */
  async counts(queue: QueueName): Promise<QueueCounts> {
    const {
      waiting = 0,
      active = 0,
      delayed = 0,
    } = await this.run(queue, 'count', (opened) => opened.getJobCounts('waiting', 'active', 'delayed'));
    return { waiting, active, delayed };
  }

  /**
   * Whether jobs can be added, for readiness: one write, and on Redis one of the scripts that all the rest consists of.
   * @throws QueueUnavailable
   */
  async ping(deadlineMs = DEADLINE_MS): Promise<void> {
    const [queue] = queueNames;
    if (queue) await this.run(queue, 'ping', tryWrite, deadlineMs);
  }

  /** Idempotent. What was added stays added. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  private run<T>(
    name: QueueName,
    operation: string,
    work: (queue: CatalogueQueue) => Promise<T>,
    deadlineMs = DEADLINE_MS,
  ): Promise<T> {
    const queue = this.queues.get(name);
    if (!queue || this.closing) return Promise.reject(new QueueUnavailable(`${operation}: already closed`));
    return within(
      deadlineMs,
      operation,
      queue.waitUntilReady().then(() => work(queue)),
    );
  }

  private async closeAll(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
    await this.connections.close('adding', DEADLINE_MS);
  }
}

function parse<N extends JobName>(name: N, data: JobData<N>): unknown {
  const result = jobs[name].schema.safeParse(data);
  if (!result.success) throw new JobDataInvalid(name, { cause: result.error });
  return result.data;
}
