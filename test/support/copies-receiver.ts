import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCopy {
  method: string | undefined;
  url: string;
  contentType: string | undefined;
  body: Buffer;
}

/** Another system of the provider: keeps what it gets, and answers as it is told. */
export async function startCopiesReceiver() {
  const received: ReceivedCopy[] = [];
  const receiver = { status: 200, headers: {} as Record<string, string>, isSilent: false };
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url = '', headers } = request;
      received.push({ method, url, contentType: headers['content-type'], body: Buffer.concat(chunks) });
      if (!receiver.isSilent) response.writeHead(receiver.status, receiver.headers).end('x'.repeat(200_000));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return Object.assign(receiver, { received, url: `http://127.0.0.1:${port}`, close });
}
