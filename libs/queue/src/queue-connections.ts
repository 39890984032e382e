import { Logger } from '@nestjs/common';
import {
  createRedisBackend,
  withBackend,
  type BackendFactory,
  type IQueueBackend,
  type KeyPrefixOptions,
  type PostgresConnection,
  type Processor,
  type QueueBaseOptions,
} from 'bullmq';
import { firstContact as meetPostgres } from '@app/postgres';
import { Unfit } from '@app/settings';
import { within } from './deadline.js';
import { QueueUnavailable, QueueUrlInvalid, RetryAfter } from './errors.js';
import { queueNames, queues, type QueueName } from './jobs.js';
import { createSharedBackend } from './postgres/shared-backend.js';
import { connectToPostgres } from './postgres/shared-connection.js';
import { firstContact as meetRedis } from './redis/first-contact.js';

export interface QueueOptions {
  /** `postgres://`, `postgresql://`, `redis://` or `rediss://`. */
  url: string;
  /** PostgreSQL only: the schema of the queue's own tables. Default `bullmq`. */
  schema?: string;
  /**
   * Redis only: what every key starts with. Default `{retract}`.
   */
  prefix?: string;
  /** Call slots in this process, where they should differ from the catalogue. */
  concurrency?: Partial<Record<QueueName, number>>;
  /**
   * How long a claim on a job lasts unless renewed, which happens every half of it. With stalledIntervalMs it bounds
   * when a job runs again whose worker was killed: 10 to 25 seconds by default. A handler that blocks the event
   * loop for longer loses its claim.
   */
  lockDurationMs?: number;
  stalledIntervalMs?: number;
}

/** Commands of those who add jobs fail soon when the backend is away; those who run them wait for it. */
type Role = 'adding' | 'working';

/** Without a limit, a query on a connection whose other end vanished without a word hangs for a quarter of an hour. */
const POSTGRES_ANSWERS_WITHIN_MS = { adding: 5_000, working: 15_000 };
/** Most connections of a process per role, besides one that listens. */
const POSTGRES_POOL_SIZE = 6;

/**
 * So long Redis holds an answer back while a queue is empty; BullMQ's own limit would hide a dead connection for
 * longer.
 */
const REDIS_HOLDS_BACK_S = 3;
const REDIS_ANSWERS_WITHIN_MS = 5_000;

/** A cluster keeps what has the same braces on one node. */
const REDIS_PREFIX = '{retract}';

const CLOSE_DEADLINE_MS = 5_000;

/**
 * The connections of an application's queues and workers. @nestjs/bullmq hands them on untouched, as its `connection`.
 * On PostgreSQL those of one role share a connection; on Redis each has its own.
 */
export class QueueConnections {
  private readonly logger = new Logger(QueueConnections.name);
  readonly backend: 'postgres' | 'redis';
  private readonly opened = new Map<Role, PostgresConnection>();

  /** Connects when the first queue or worker is made. @throws QueueUrlInvalid */
  constructor(readonly options: QueueOptions) {
    this.backend = backendOf(options.url);
  }

  /**
   * Looks at the server before there are queues and workers, by a connection of its own.
   * @param setting that names the server
   * @returns the policy by which Redis makes room when its memory is full, if it may throw jobs away
   * @throws Unfit for what no later try can change; QueueUnavailable
   */
  async meet(setting: string): Promise<string | undefined> {
    const { url, prefix = REDIS_PREFIX } = this.options;
    try {
      if (this.backend === 'redis') return await meetRedis(setting, url, `${prefix}:${queueNames[0]}:meta`);
      await meetPostgres(setting, url);
      return undefined;
    } catch (error) {
      throw error instanceof Unfit ? error : new QueueUnavailable('first contact', { cause: error });
    }
  }

  /** The backend of one queue or worker. */
  backendFor(role: Role, ...[name, opts, factoryOpts]: Parameters<BackendFactory<IQueueBackend, QueueConnections>>) {
    if (this.backend === 'postgres') return createSharedBackend(name, { ...opts, connection: this.postgres(role) });
    const { prefix = REDIS_PREFIX } = this.options;
    const ours: KeyPrefixOptions & QueueBaseOptions = {
      ...opts,
      connection: this.redis(role),
      prefix,
      // BullMQ waits for the first connection without a limit, and keeps the failure of its look at the version for
      // ever. In a process that only adds jobs, the first command connects; the workers look at the version.
      skipWaitingForReady: role === 'adding',
      skipVersionCheck: role === 'adding',
    };
    return createRedisBackend(name, ours, factoryOpts);
  }

  /** After the queues, or the workers, of that role. */
  async close(role: Role, deadlineMs: number): Promise<void> {
    const closing = this.opened.get(role)?.close();
    if (!closing) return;
    await within(deadlineMs, 'close', closing).catch((error: unknown) => {
      this.logger.warn('queue connections did not close', { error: String(error) });
    });
  }

  private postgres(role: Role): PostgresConnection {
    const { url, schema = 'bullmq' } = this.options;
    const opened =
      this.opened.get(role) ??
      connectToPostgres({
        url,
        schema,
        poolSize: POSTGRES_POOL_SIZE,
        answerWithinMs: POSTGRES_ANSWERS_WITHIN_MS[role],
        runsJobs: role === 'working',
      });
    this.opened.set(role, opened);
    return opened;
  }

  private redis(role: Role) {
    return {
      url: this.options.url,
      connectTimeout: 3_000,
      // While a command waits, so long without a byte means that the connection is dead. ioredis opens another.
      socketTimeout: REDIS_ANSWERS_WITHIN_MS,
      keepAlive: 5_000,
      // ioredis keeps the process alive for that long after leaving a connection that was already broken.
      disconnectTimeout: 200,
      retryStrategy: (times: number) => Math.min(times * 200, 1_000),
      // Without a limit, commands wait in memory for as long as Redis is away, and come all at once when it returns.
      maxRetriesPerRequest: role === 'adding' ? 1 : null,
    };
  }
}

/** @throws QueueUrlInvalid */
function backendOf(url: string): 'postgres' | 'redis' {
  if (/^postgres(ql)?:\/\//.test(url)) return 'postgres';
  if (/^rediss?:\/\//.test(url)) return 'redis';
  throw new QueueUrlInvalid();
}

// Bound to classes and not process-wide, and chosen by what an application connects with: so both can live in one
// process.
const bound = withBackend<IQueueBackend, QueueConnections>((name, opts, factoryOpts) =>
  opts.connection.backendFor(factoryOpts?.withBlockingConnection ? 'working' : 'adding', name, opts, factoryOpts),
);

type BoundQueueOptions = NonNullable<ConstructorParameters<typeof bound.Queue>[1]>;
type BoundWorkerOptions = NonNullable<ConstructorParameters<typeof bound.Worker>[2]>;

/** A queue of the catalogue. */
export class CatalogueQueue extends bound.Queue<unknown, void> {
  private readonly logger = new Logger('JobQueues');
  private left: Promise<void> | undefined;

  constructor(name: string, opts: BoundQueueOptions) {
    // Nobody reads BullMQ's event stream here: only what helps a person who looks into the store is kept.
    super(name, { ...opts, streams: { events: { maxLen: 1000 } } });
    this.on('error', logBackendErrors(this.logger, name));
  }

  /** Idempotent: the application closes it, and so does @nestjs/bullmq. */
  override close(): Promise<void> {
    this.left ??= this.leave();
    return this.left;
  }

  private async leave(): Promise<void> {
    try {
      await within(CLOSE_DEADLINE_MS, 'close', super.close());
    } catch (error) {
      // The backend is away and cannot take leave; without this its connections would go on trying for ever.
      this.logger.warn('queue did not close', { queue: this.name, error: String(error) });
      this.disconnect().catch(() => undefined);
    }
  }
}

/** A worker of a queue of the catalogue. It begins when it is told to. */
export class CatalogueWorker extends bound.Worker<unknown, void> {
  private readonly logger = new Logger('JobHosts');

  constructor(name: string, processor: Processor<unknown, void>, opts: BoundWorkerOptions) {
    const { concurrency, lockDurationMs = 15_000, stalledIntervalMs = 5_000 } = opts.connection.options;
    super(name, processor, {
      ...opts,
      autorun: false,
      // @nestjs/bullmq makes workers for the catalogue's queues only.
      concurrency: concurrency?.[name as QueueName] ?? queues[name as QueueName].concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      // High, because our rows decide what is given up.
      maxStalledCount: 1_000,
      // BullMQ's default of 15 s would leave jobs lying that long after a restart of the backend.
      runRetryDelay: 1_000,
      ...(opts.connection.backend === 'redis' && { drainDelay: REDIS_HOLDS_BACK_S }),
      settings: {
        backoffStrategy: (_attemptsMade, _type, error) => (error instanceof RetryAfter ? error.delayMs : 1_000),
      },
    });
    this.on('error', logBackendErrors(this.logger, name));
    this.on('stalled', (jobId) =>
      this.logger.warn('job runs again, its worker was lost', { queue: name, job_id: jobId }),
    );
  }

  /** While jobs are delayed, this one counts and not drainDelay. BullMQ has no option for it. */
  override get maximumBlockTimeout(): number {
    return this.opts.connection.backend === 'redis' ? REDIS_HOLDS_BACK_S : super.maximumBlockTimeout;
  }

  /** BullMQ begins anew by itself when it is resumed, and leaves the end of that to nobody. */
  override async run(): Promise<void> {
    await super.run().catch((error: unknown) => {
      this.logger.error('queue worker ended', { queue: this.name, error: String(error) });
    });
  }
}

const QUIET_MS = 10_000;

/**
 * Makes a listener for `error` events. Without a listener such an event would end the process; while a backend is away
 * the same error comes many times a second, so each is logged at most every ten seconds.
 */
function logBackendErrors(logger: Logger, queue: string): (error: Error) => void {
  const loggedAt = new Map<string, number>();
  return (error) => {
    const now = Date.now();
    // AggregateError, which Node throws when every address refuses, has an empty message.
    const message = error.message || error.name;
    if (now - (loggedAt.get(message) ?? 0) < QUIET_MS) return;
    if (loggedAt.size > 100) loggedAt.clear();
    loggedAt.set(message, now);
    logger.warn('queue backend error', { queue, error: message });
  };
}
