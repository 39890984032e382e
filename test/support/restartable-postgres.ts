import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@app/database';
import { startEmbeddedPostgres } from '@app/embedded-postgres';
import type { TestDatabase } from './database.js';

/** A Postgres of a test's own that it may stop and start; the address stays the same, and so does what is in it. */
export interface RestartablePostgres extends TestDatabase {
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startRestartablePostgres(): Promise<RestartablePostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'retract-restart-'));
  chmodSync(dir, 0o711);
  // Durable, as a real one: what was committed has to be there after the restart.
  const launch = () => startEmbeddedPostgres({ dir, database: 'retract', settings: { max_connections: '200' } });
  let postgres = await launch();
  await migrate(postgres.url);

  // Every start takes another port; this one does not change.
  const sockets = new Set<Socket>();
  const door = createServer((client) => {
    const upstream = connect(postgres.port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => (sockets.delete(one), other.destroy()));
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const url = new URL(postgres.url);
  // A server that listens on TCP has an address of this kind.
  url.host = `127.0.0.1:${(door.address() as AddressInfo).port}`;

  return {
    url: url.href,
    stop: () => postgres.stop(),
    start: async () => {
      postgres = await launch();
    },
    drop: async () => {
      door.close();
      for (const socket of sockets) socket.destroy();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
