import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import pg, { type QueryResult } from 'pg';
import { PostgresConnection, PostgresQueueBackend, type BackendFactory } from 'bullmq';
import { SteadyClient, type SteadyClientConfig } from '@app/postgres';
import { Batcher, type BatchWindow } from '@app/concurrency';

/**
 * A connection that prepares every statement that has parameters, so that Postgres parses and plans each once: BullMQ has
 * some dozens, and runs one or two of them for every job.
 */
class PreparingClient extends SteadyClient {
  constructor(config?: SteadyClientConfig) {
    super(config);
    // pg-pool and BullMQ call it in this one way. The type has an overload for every other.
    const query = this.query.bind(this) as (statement: unknown, values?: unknown, callback?: unknown) => unknown;
    this.query = ((statement: unknown, values?: unknown, callback?: unknown) =>
      typeof statement === 'string' && Array.isArray(values)
        ? query({ name: nameOf(statement), text: statement, values }, callback)
        : query(statement, values, callback)) as typeof this.query;
  }
}

const names = new Map<string, string>();

function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known) return known;
  const name = createHash('sha256').update(statement).digest('base64url');
  names.set(statement, name);
  return name;
}

interface QueueDatabase {
  url: string;
  schema: string;
  /** Most connections, besides the one that listens. */
  poolSize: number;
  answerWithinMs: number;
}

/** What BullMQ runs when a job has ended: it marks that job and takes the next, of which it returns the row, if there is one. */
const END = 'move_to_completed_fetch';
/** The types of its arguments: the queue, the job, and so on. */
const END_TYPES = [
  ...['text', 'text', 'text', 'jsonb', 'bigint', 'boolean', 'bigint', 'integer'],
  ...['bigint', 'bigint', 'text', 'integer', 'bigint'],
];
const END_ARGUMENTS = END_TYPES.map((_type, index) => `a${index + 1}`).join(', ');
/** The moment of the end, until which it lets waiting retries go. */
const END_NOW = 9;
/**
 * The jobs are locked first, without waiting: while this waited for one and held others, it could be in a circle with BullMQ's
 * look for stalled jobs, which changes all that are active. Those that were not free are not among the rows.
 */
const END_TOGETHER = `WITH ended AS (
    SELECT * FROM unnest(${END_TYPES.map((type, index) => `$${index + 1}::${type}[]`).join(', ')}) WITH ORDINALITY AS e (${END_ARGUMENTS}, place)
  ), locked AS MATERIALIZED (
    SELECT e.place FROM ended e JOIN job j ON j.queue = e.a1 AND j.id = e.a2 ORDER BY e.place FOR UPDATE OF j SKIP LOCKED
  )
  SELECT ended.place::int, next.* FROM ended LEFT JOIN LATERAL ${END}(${END_ARGUMENTS}) AS next ON true
  WHERE ended.place = ANY (ARRAY(SELECT place FROM locked))`;

/** BullMQ holds as many jobs as there are call slots and some more, so ends can wait a little. */
const WINDOW: BatchWindow = { enoughItems: 16, longestMs: 10 };

type Rows = Pick<QueryResult<{ place: number; id: string | null }>, 'rows'>;
type Query = (text: string, values?: unknown[]) => Promise<Rows>;

/**
 * Most of what a job costs Postgres, and of what Postgres costs a worker, is to be woken for it: jobs that end at nearly the
 * same time share a statement. One that BullMQ refuses, as it was taken for stalled, does not keep the others from ending.
 */
function endingTogether(query: Query): Query {
  const ends = new Batcher(
    async (jobs: unknown[][]) => {
      // One moment for all: two such statements that let go of retries in turns would wait for each other.
      const now = Math.max(...jobs.map((values) => Number(values[END_NOW])));
      const { rows } = await query(
        END_TOGETHER,
        END_TYPES.map((_type, index) => jobs.map((values) => (index === END_NOW ? now : values[index]))),
      );
      const rowOf = new Map(rows.map((row) => [row.place, row]));
      return jobs.map((_values, index) => rowOf.get(index + 1));
    },
    isItemError,
    WINDOW,
  );
  return async (text, values) => {
    if (!text.includes(`${END}(`) || values?.length !== END_TYPES.length) return query(text, values);
    const row = await ends.submit(values);
    if (!row) return query(text, values);
    return { rows: row.id === null ? [] : [row] };
  };
}

/** BullMQ's own refusals, and deadlocks. */
const isItemError = (error: unknown) => error instanceof pg.DatabaseError && /^(BM|40)/.test(error.code ?? '');

const HEAR_EVERY_MS = 3_000;

type ListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

class SharedPostgresConnection extends PostgresConnection {
  private readonly takingTurns = new WeakSet<ListenClient>();

  constructor(options: ConstructorParameters<typeof PostgresConnection>[0] & SteadyClientConfig) {
    super(options);
    // BullMQ opens the connection that listens with pg's own class.
    Object.assign(this, { pgModule: { ...pg, Client: SteadyClient } });
    this.pool.query = endingTogether(this.pool.query.bind(this.pool)) as typeof this.pool.query;
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

  /** Nothing is asked of it for hours, so that nobody would notice that it has died without a word. */
  private keepHearing(client: ListenClient): void {
    const timer = setInterval(() => {
      client.query('SELECT 1').catch(() => clearInterval(timer));
    }, HEAR_EVERY_MS).unref();
  }
}

/** Connections to PostgreSQL that all queues of a process share: a pool, and one that listens for new jobs. */
export function connectToPostgres({ url, schema, poolSize, answerWithinMs }: QueueDatabase): PostgresConnection {
  return new SharedPostgresConnection({
    connectionString: url,
    schema,
    migrate: true,
    max: poolSize,
    // The queue may be lost, so nobody need wait until it is on the disk: a job that is gone after a crash is found missing by a
    // sweep, and one that is there again finds that its rows are done.
    options: '-c synchronous_commit=off',
    application_name: 'retract-queue',
    answerWithinMs,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    Client: PreparingClient,
  });
}

/**
 * One queue on shared connections. BullMQ's own factory opens a pool and a listening connection for each queue; Postgres
 * wakes every listener at every commit that notifies, so six of them in each worker cost as much as the work of a small one.
 */
class SharingBackend extends PostgresQueueBackend {
  constructor(shared: PostgresConnection, name: string, opts: ConstructorParameters<typeof PostgresQueueBackend>[2]) {
    // As its owner it hears when the listening connection was lost, and listens again.
    super(shared, name, opts, true);
  }

  /** The others go on: the connection is closed by whoever opened it. */
  override close(): Promise<void> {
    this.closing ??= this.disconnectBlocking();
    return this.closing;
  }

  override async disconnect(): Promise<void> {
    await this.close();
  }
}

export const createSharingBackend: BackendFactory<SharingBackend, PostgresConnection> = (name, opts) =>
  new SharingBackend(opts.connection, name, { ...opts, connection: opts.connection.pool });
