import { createRedisBackend, withBackend, type PostgresConnection, type Processor, type WorkerOptions } from 'bullmq';
import { within } from './deadline.js';
import { QueueUrlInvalid } from './errors.js';
import type { QueueName } from './jobs.js';
import { createSharedBackend } from './postgres/shared-backend.js';
import { connectToPostgres } from './postgres/shared-connection.js';

export interface QueueOptions {
  /** `postgres://`, `postgresql://`, `redis://` or `rediss://`. */
  url: string;
  /** PostgreSQL only: the schema of the queue's own tables. Default `bullmq`. */
  schema?: string;
  /** Redis only: what every key starts with. Default `{retract}`: a cluster keeps what has the same braces on one node. */
  prefix?: string;
  /** PostgreSQL only: most connections of a process per role (adding, working), besides one that listens. Default 6. */
  postgresPoolSize?: number;
}

// Bound per class and not process-wide, so that both backends can live in one process.
const postgres = withBackend(createSharedBackend);
const redis = withBackend(createRedisBackend);

// Nobody reads BullMQ's event stream here: keep only what helps a person looking into the store.
const streams = { events: { maxLen: 1000 } };

// Without a limit, a query on a connection whose other end vanished without a word hangs for a quarter of an hour.
const ADDING_TIMEOUT_MS = 5_000;
const WORKING_TIMEOUT_MS = 15_000;

/** So long Redis holds an answer back while a queue is empty; BullMQ's own limit would hide a dead connection for longer. */
const REDIS_HOLDS_BACK_S = 3;
const REDIS_WORKING_TIMEOUT_MS = 5_000;

/** The adding side of a process: commands fail soon when the backend is away. @throws QueueUrlInvalid */
export class AddingSide {
  private readonly shared: SharedConnection;

  constructor(private readonly options: QueueOptions) {
    this.shared = new SharedConnection(options, ADDING_TIMEOUT_MS);
  }

  /** Connects at the first use, anew when that has failed. */
  open(name: QueueName) {
    const { options } = this;
    if (this.shared.isPostgres) {
      return new postgres.Queue<unknown, void>(name, { connection: this.shared.current(), streams });
    }
    // Without a limit, commands wait in memory for as long as Redis is away, and come all at once when it returns.
    // BullMQ's own waiting for the first connection knows no limit either: skipped, its first command connects.
    const connection = { ...redisConnection(options, ADDING_TIMEOUT_MS), maxRetriesPerRequest: 1 };
    const prefix = prefixOf(options);
    return new redis.Queue<unknown, void>(name, { connection, prefix, streams, skipWaitingForReady: true });
  }

  /** After the queues. @throws QueueUnavailable when it takes longer */
  close(deadlineMs: number): Promise<void> {
    return within(deadlineMs, 'close', this.shared.close());
  }
}

export type BullQueue = ReturnType<AddingSide['open']>;

/** The working side of a process: waits for the backend for as long as it is away. @throws QueueUrlInvalid */
export class WorkingSide {
  private readonly shared: SharedConnection;

  constructor(private readonly options: QueueOptions) {
    this.shared = new SharedConnection(options, WORKING_TIMEOUT_MS);
  }

  open(name: QueueName, processor: Processor<unknown, void>, settings: Omit<WorkerOptions, 'connection' | 'prefix'>) {
    const { options } = this;
    if (this.shared.isPostgres) {
      return new postgres.Worker<unknown, void>(name, processor, { ...settings, connection: this.shared.current() });
    }
    const connection = { ...redisConnection(options, REDIS_WORKING_TIMEOUT_MS), maxRetriesPerRequest: null };
    const worker = new redis.Worker<unknown, void>(name, processor, {
      ...settings,
      connection,
      prefix: prefixOf(options),
      drainDelay: REDIS_HOLDS_BACK_S,
    });
    // While jobs are delayed, this one counts and not drainDelay. BullMQ has no option for it.
    Object.defineProperty(worker, 'maximumBlockTimeout', { value: REDIS_HOLDS_BACK_S });
    return worker;
  }

  /** After the workers. @throws QueueUnavailable when it takes longer */
  close(deadlineMs: number): Promise<void> {
    return within(deadlineMs, 'close', this.shared.close());
  }
}

export type BullWorker = ReturnType<WorkingSide['open']>;

/** What the queues of one role share on PostgreSQL. On Redis each has its own connection. */
class SharedConnection {
  readonly isPostgres: boolean;
  private opened: PostgresConnection | undefined;

  constructor(
    private readonly options: QueueOptions,
    private readonly answerWithinMs: number,
  ) {
    this.isPostgres = backendOf(options.url) === 'postgres';
  }

  current(): PostgresConnection {
    return (this.opened ??= this.connect());
  }

  async close(): Promise<void> {
    await this.opened?.close();
  }

  private connect(): PostgresConnection {
    const { url, schema = 'bullmq', postgresPoolSize: poolSize = 6 } = this.options;
    const opened = connectToPostgres({
      url,
      schema,
      poolSize,
      answerWithinMs: this.answerWithinMs,
      runsJobs: this.answerWithinMs === WORKING_TIMEOUT_MS,
    });
    // BullMQ keeps the first connect's failure for ever: the next to ask starts afresh.
    opened.waitUntilReady().catch(() => {
      if (this.opened === opened) this.opened = undefined;
      opened.close().catch(() => undefined);
    });
    return opened;
  }
}

/** @throws QueueUrlInvalid */
export function backendOf(url: string): 'postgres' | 'redis' {
  if (/^postgres(ql)?:\/\//.test(url)) return 'postgres';
  if (/^rediss?:\/\//.test(url)) return 'redis';
  throw new QueueUrlInvalid();
}

function redisConnection({ url }: QueueOptions, answerWithinMs: number) {
  return {
    url,
    connectTimeout: 3_000,
    // While a command waits, so long without a byte means that the connection is dead. ioredis opens another.
    socketTimeout: answerWithinMs,
    keepAlive: 5_000,
    // ioredis keeps the process alive for that long after leaving a connection that was already broken.
    disconnectTimeout: 200,
    retryStrategy: (times: number) => Math.min(times * 200, 1_000),
  };
}

function prefixOf({ prefix = '{retract}' }: QueueOptions): string {
  return prefix;
}
