import { createPostgresBackend, createRedisBackend, withBackend, type Processor, type WorkerOptions } from 'bullmq';
import { QueueUrlInvalid } from './errors.js';
import type { QueueName } from './jobs.js';

export interface QueueOptions {
  /** `postgres://`, `postgresql://`, `redis://` or `rediss://`. */
  url: string;
  /** PostgreSQL only: the schema of the queue's own tables. Default `bullmq`. */
  schema?: string;
  /** Redis only: what every key starts with. Default `retract`. */
  prefix?: string;
  /** PostgreSQL only: most connections per queue and role (adding, working), besides one that listens. Default 4. */
  postgresPoolSize?: number;
}

// Bound per class and not process-wide, so that both backends can live in one process.
const postgres = withBackend(createPostgresBackend);
const redis = withBackend(createRedisBackend);

// Nobody reads BullMQ's event stream here: keep only what helps a person looking into the store.
const streams = { events: { maxLen: 1000 } };

// Without a limit, a query on a connection whose other end vanished without a word hangs for a quarter of an hour.
const ADDING_TIMEOUT_MS = 5_000;
const WORKING_TIMEOUT_MS = 15_000;

/** The adding side: commands fail soon when the backend is away. */
export function openQueue(options: QueueOptions, name: QueueName) {
  if (backendOf(options.url) === 'postgres') {
    const connection = { ...postgresConnection(options), query_timeout: ADDING_TIMEOUT_MS };
    return new postgres.Queue<unknown, void>(name, { connection, streams });
  }
  // Without a limit, commands wait in memory for as long as Redis is away, and come all at once when it returns.
  // BullMQ's own waiting for the first connection knows no limit either: skipped, its first command connects.
  const connection = { ...redisConnection(options), maxRetriesPerRequest: 1 };
  const prefix = prefixOf(options);
  return new redis.Queue<unknown, void>(name, { connection, prefix, streams, skipWaitingForReady: true });
}

export type BullQueue = ReturnType<typeof openQueue>;

/** The working side: waits for the backend for as long as it is away. */
export function openWorker(
  options: QueueOptions,
  name: QueueName,
  processor: Processor<unknown, void>,
  settings: Omit<WorkerOptions, 'connection' | 'prefix'>,
) {
  if (backendOf(options.url) === 'postgres') {
    const connection = { ...postgresConnection(options), query_timeout: WORKING_TIMEOUT_MS };
    return new postgres.Worker<unknown, void>(name, processor, { ...settings, connection });
  }
  const connection = { ...redisConnection(options), maxRetriesPerRequest: null };
  return new redis.Worker<unknown, void>(name, processor, { ...settings, connection, prefix: prefixOf(options) });
}

export type BullWorker = ReturnType<typeof openWorker>;

/** @throws QueueUrlInvalid */
export function backendOf(url: string): 'postgres' | 'redis' {
  if (/^postgres(ql)?:\/\//.test(url)) return 'postgres';
  if (/^rediss?:\/\//.test(url)) return 'redis';
  throw new QueueUrlInvalid();
}

function postgresConnection({ url, schema = 'bullmq', postgresPoolSize = 4 }: QueueOptions) {
  return {
    connectionString: url,
    schema,
    migrate: true,
    max: postgresPoolSize,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

function redisConnection({ url }: QueueOptions) {
  return {
    url,
    connectTimeout: 3_000,
    // ioredis keeps the process alive for that long after leaving a connection that was already broken.
    disconnectTimeout: 200,
    retryStrategy: (times: number) => Math.min(times * 200, 1_000),
  };
}

function prefixOf({ prefix = 'retract' }: QueueOptions): string {
  return prefix;
}
