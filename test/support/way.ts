import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server over TCP that can go bad as networks do. */
export interface Way {
  /** The server's URL, over this way. */
  url: string;
  /** From now on, what comes either way arrives so much later. 0: at once. */
  delay(ms: number): void;
  /** Connections that are open now carry nothing any more, and nobody is told. New ones work. */
  silence(): void;
  /** New connections are cut off when so many bytes have come from the server, wherever that is. */
  cutAfter(bytes: number): void;
  close(): void;
}

export async function openWay(serverUrl: string): Promise<Way> {
  const server = new URL(serverUrl);
  const connections = new Set<{ sockets: Socket[]; isSilent: boolean; left: number }>();
  let delayMs = 0;
  let cutAfterBytes = Infinity;
  const door = createServer((client) => {
    const upstream = connect(Number(server.port), server.hostname);
    const connection = { sockets: [client, upstream], isSilent: false, left: cutAfterBytes };
    connections.add(connection);
    // Also the end of one side is news that a silent connection does not carry.
    const carry = (from: Socket, to: Socket, passing: (bytes: Buffer) => Buffer) => {
      const later = (work: () => void) => {
        if (connection.isSilent) return;
        if (delayMs === 0) work();
        else setTimeout(() => (connection.isSilent ? undefined : work()), delayMs);
      };
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('data', (bytes) => later(() => to.write(passing(bytes))));
      from.on('close', () => later(() => to.destroy()));
    };
    carry(client, upstream, (bytes) => bytes);
    carry(upstream, client, (bytes) => {
      const passed = bytes.subarray(0, connection.left);
      connection.left -= bytes.length;
      if (connection.left <= 0) upstream.destroy();
      return passed;
    });
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const url = new URL(server);
  url.host = `127.0.0.1:${(door.address() as AddressInfo).port}`;
  return {
    url: url.href,
    delay: (ms) => {
      delayMs = ms;
    },
    silence: () => {
      for (const connection of connections) connection.isSilent = true;
    },
    cutAfter: (bytes) => {
      cutAfterBytes = bytes;
    },
    close: () => {
      door.close();
      for (const { sockets } of connections) for (const socket of sockets) socket.destroy();
    },
  };
}
