import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { PostgresConnection } from 'bullmq';
import { SteadyClient, type SteadyClientConfig } from '@app/postgres';
import { EndingTogether } from './ending-together.js';
import { PreparingClient } from './preparing-client.js';

const HEAR_EVERY_MS = 3_000;

type ListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

class SharedPostgresConnection extends PostgresConnection {
  private readonly takingTurns = new WeakSet<ListenClient>();
  private readonly ending: EndingTogether;
  private ready: Promise<void> | undefined;

  constructor(
    options: ConstructorParameters<typeof PostgresConnection>[0] & SteadyClientConfig,
    private readonly runsJobs: boolean,
  ) {
    super(options);
    // BullMQ opens the connection that listens with pg's own class.
    Object.assign(this, { pgModule: { ...pg, Client: SteadyClient } });
    this.ending = new EndingTogether(this.pool.query.bind(this.pool));
    this.pool.query = this.ending.query;
  }

  /** BullMQ keeps the first connect's failure for ever: here, the next to ask starts afresh. */
  override waitUntilReady(): Promise<void> {
    this.ready ??= this.connect().catch((error: unknown) => {
      this.ready = undefined;
      Object.assign(this, { readyPromise: undefined });
      throw error;
    });
    return this.ready;
  }

  private async connect(): Promise<void> {
    await super.waitUntilReady();
    if (this.runsJobs) await this.ending.begin();
  }

  /** It is asked by all queues at once, and pg 9 will take one statement at a time only. */
  override async getListenClient(): Promise<ListenClient> {
    const client = await super.getListenClient();
    if (this.takingTurns.has(client)) return client;
    this.takingTurns.add(client);
    const query = client.query.bind(client);
    let last: Promise<unknown> = Promise.resolve();
    client.query = (text, values) => {
      const asked = last.then(() => query(text, values));
      // One that vanished without a word is replaced; one that was closed has nobody who listens any more.
      const events = client as unknown as EventEmitter;
      last = asked.catch((error: unknown) => events.listenerCount('error') > 0 && events.emit('error', error));
      // pg's answer is of the caller's type, whatever that is.
      return asked as never;
    };
    this.keepHearing(client);
    return client;
  }

  /** It is idle for hours, so that nobody would notice its silent death. */
  private keepHearing(client: ListenClient): void {
    const timer = setInterval(() => {
      client.query('SELECT 1').catch(() => clearInterval(timer));
    }, HEAR_EVERY_MS).unref();
  }
}

interface QueueDatabase {
  url: string;
  schema: string;
  /** Most connections, besides the one that listens. */
  poolSize: number;
  answerWithinMs: number;
  /** Whether jobs are run over it, and not only added. */
  runsJobs: boolean;
}

/**
 * - `synchronous_commit`: the queue may be lost, so nobody need wait until it is on the disk: a job that is gone after a
 *   crash is found missing by a sweep, and one that is there again finds that its rows are done.
 * - `enable_…`: between bursts the queue is empty, and by what autovacuum notes then, each job of the next burst would
 *   look for its successor by reading and sorting all that wait. What BullMQ asks for has an index in its order.
 * - `jit`: where an older Postgres has no other way, it counts such a plan as dear enough to be compiled.
 */
const SESSION = '-c synchronous_commit=off -c enable_seqscan=off -c enable_bitmapscan=off -c jit=off';

/** Connections to PostgreSQL that all queues of a process share: a pool, and one that listens for new jobs. */
export function connectToPostgres({
  url,
  schema,
  poolSize,
  answerWithinMs,
  runsJobs,
}: QueueDatabase): PostgresConnection {
  const options = {
    connectionString: url,
    schema,
    migrate: true,
    max: poolSize,
    options: SESSION,
    application_name: 'retract-queue',
    answerWithinMs,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    Client: PreparingClient,
  };
  return new SharedPostgresConnection(options, runsJobs);
}
