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
  close(): void;
}

export async function openWay(serverUrl: string): Promise<Way> {
  const server = new URL(serverUrl);
  const connections = new Set<{ sockets: Socket[]; isSilent: boolean }>();
  let delayMs = 0;
  const door = createServer((client) => {
    const upstream = connect(Number(server.port), server.hostname);
    const connection = { sockets: [client, upstream], isSilent: false };
    connections.add(connection);
    // Also the end of one side is news that a silent connection does not carry.
    const carry = (from: Socket, to: Socket) => {
      const later = (work: () => void) => {
        if (connection.isSilent) return;
        if (delayMs === 0) work();
        else setTimeout(() => (connection.isSilent ? undefined : work()), delayMs);
      };
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('data', (bytes) => later(() => to.write(bytes)));
      from.on('close', () => later(() => to.destroy()));
    };
    carry(client, upstream);
    carry(upstream, client);
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
    close: () => {
      door.close();
      for (const { sockets } of connections) for (const socket of sockets) socket.destroy();
    },
  };
}
