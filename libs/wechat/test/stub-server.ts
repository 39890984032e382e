import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: Buffer;
  remotePort: number | undefined;
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;
export const json =
  (text: string, status = 200): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json; encoding=utf-8' }).end(text);

/** A server on loopback that answers as told and remembers what it was asked. */
export class StubServer {
  readonly seen: SeenRequest[] = [];
  answer: Answer = json('{"errcode":0,"errmsg":"ok"}');
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.seen.push({
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks),
        remotePort: request.socket.remotePort,
      });
      this.answer(response, request);
      this.server.emit('answered');
    });
  });

  async start(port = 0): Promise<void> {
    this.seen.length = 0;
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    // A server that listens on TCP has an AddressInfo.
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  answers(text: string): void {
    this.answer = json(text);
  }

  async nextRequest(): Promise<void> {
    await once(this.server, 'answered');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
