import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.js';

/** A client that writes what no HTTP client would, or stops in the middle. */
export class RawClient {
  private received = '';
  private isClosed = false;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString()));
    // A reset shows as a close.
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static async open(url: string, text: string | Buffer = ''): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const client = new RawClient(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    client.write(text);
    return client;
  }

  write(text: string | Buffer): void {
    if (text.length > 0) this.socket.write(text);
  }

  get text(): string {
    return this.received;
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** What came until the other end closed. */
  async untilClosed(deadlineMs?: number): Promise<{ status: number; headers: string; body: any }> {
    await eventually(
      () => Promise.resolve({ isClosed: this.isClosed, received: this.received }),
      ({ isClosed }) => isClosed,
      deadlineMs,
    );
    return this.answer();
  }

  answer(): { status: number; headers: string; body: any } {
    const [head = '', body = ''] = this.received.split('\r\n\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    return { status, headers: head.toLowerCase(), body: body.startsWith('{') ? JSON.parse(body) : body };
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A head of a request, and what of a body is to follow it. */
export function head(line: string, headers: Record<string, string | number> = {}): string {
  const all = Object.entries({ host: 'test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${all.join('')}\r\n`;
}
