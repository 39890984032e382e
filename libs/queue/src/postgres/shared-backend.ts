import { PostgresQueueBackend, type BackendFactory, type PostgresConnection } from 'bullmq';

/**
 * One queue on shared connections. BullMQ's own factory opens a pool and a listening connection for each queue;
 * Postgres wakes every listener at every commit that notifies, so six of them in each worker cost as much as the
 * work of a small one.
 */
class SharedBackend extends PostgresQueueBackend {
  constructor(
    private readonly shared: PostgresConnection,
    name: string,
    opts: ConstructorParameters<typeof PostgresQueueBackend>[2],
  ) {
    // The owner hears when the listening connection was lost, and listens again.
    super(shared, name, opts, true);
  }

  /** BullMQ's own remembers for ever how its first connect went. */
  override waitUntilReady(): Promise<void> {
    return this.shared.waitUntilReady();
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

export const createSharedBackend: BackendFactory<SharedBackend, PostgresConnection> = (name, opts) =>
  new SharedBackend(opts.connection, name, { ...opts, connection: opts.connection.pool });
