import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface ReceivedWebhook {
  path: string;
  headers: Record<string, string>;
  /** As it came. */
  body: string;
  /** The body, read. */
  event: any;
}

type Answer = (received: ReceivedWebhook, response: ServerResponse) => void;

/** A system of the provider's: keeps what it gets and answers as it is told, 204 unless told otherwise. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  answer: Answer = (_received, response) => void response.writeHead(204).end();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly port: number,
  ) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const headers = request.headers as Record<string, string>;
        const received = { path: request.url ?? '', headers, body, event: JSON.parse(body) };
        receiver.received.push(received);
        receiver.answer(received, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on TCP has an address of this kind.
    const receiver = new WebhookReceiver(server, (server.address() as AddressInfo).port);
    return receiver;
  }

  url(path = '/hooks'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What came to a path. */
  at(path: string): ReceivedWebhook[] {
    return this.received.filter((one) => one.path === path);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Answers with nothing but a status. */
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_received, response) =>
    void response.writeHead(code, headers).end();

/** Keeps the caller waiting. */
export const silence: Answer = () => undefined;

/** As every receiver should. @throws when the signature is not by this secret */
export const verified = ({ body, headers }: ReceivedWebhook, secret: string): unknown =>
  new Webhook(secret).verify(body, headers);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
