import { BlockList, isIP, type AddressInfo } from 'node:net';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiKeys, mayAct } from '@app/access';
import { databaseShortage } from '@app/database';
import { isEverything } from '@app/scope';
import { Exposition, Liveness, Readiness } from '@app/telemetry';

export interface DoorOptions {
  /** Undefined: there is no door. */
  port: number | undefined;
  host: string;
}

export const DOOR_OPTIONS = Symbol('DoorOptions');

/** The start cannot go on: nobody could see how this worker is doing. */
export class DoorBlocked extends Error {
  readonly code = 'door_blocked';
  override readonly name = 'DoorBlocked';
}

/**
 * Where a worker tells how it is doing. It opens before the first job is taken, and stays open until the last one has
 * ended.
 */
@Injectable()
export class Door implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Door.name);
  private server: FastifyInstance | undefined;

  constructor(
    @Inject(DOOR_OPTIONS) private readonly options: DoorOptions,
    private readonly liveness: Liveness,
    private readonly readiness: Readiness,
    private readonly exposition: Exposition,
    private readonly keys: ApiKeys,
  ) {}

  /** @throws DoorBlocked */
  async onApplicationBootstrap(): Promise<void> {
    const { port, host } = this.options;
    if (port === undefined) return;
    const server = fastify({ forceCloseConnections: true, requestTimeout: 10_000 });
    server.setErrorHandler((error, request, reply) => this.refuse(error, request, reply));
    server.get('/health/live', () => this.liveness.state());
    server.get('/health/ready', (_request, reply) => this.ready(reply));
    server.get('/metrics', (request, reply) => this.metrics(request, reply));
    try {
      await server.listen({ port, host });
    } catch (error) {
      await server.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new DoorBlocked(`WORKER_PORT or WORKER_HOST cannot be listened on (${reason}).`, { cause: error });
    }
    this.server = server;
    this.logger.log('worker tells of itself', { url: urlOf(server.server.address() as AddressInfo) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.server?.close();
  }

  private async ready(reply: FastifyReply) {
    const states = Object.entries(await this.readiness.states());
    const parts = Object.fromEntries(
      states.map(([name, code]) => [name, code ? { status: 'down', code } : { status: 'up' }]),
    );
    if (states.every(([, code]) => code === null)) return { status: 'ok', parts };
    return problem(reply, 503, 'not_ready', { parts });
  }

  private async metrics({ headers }: FastifyRequest, reply: FastifyReply) {
    if (!isLoopback(this.options.host)) {
      const key = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
      const caller = key && (await this.keys.authenticate(key));
      if (!caller) return problem(reply.header('www-authenticate', 'Bearer'), 401, 'unauthenticated');
      if (!mayAct(caller.role, 'viewer') || !isEverything(caller.scope)) return problem(reply, 403, 'forbidden');
    }
    const { contentType, text } = await this.exposition.text();
    return reply.type(contentType).send(text);
  }

  private refuse(error: unknown, { method, url }: FastifyRequest, reply: FastifyReply) {
    const shortage = databaseShortage(error);
    if (shortage) return problem(reply, 503, shortage);
    this.logger.error('the door could not answer', { method, path: url.split('?')[0], error });
    return problem(reply, 500, 'internal_error');
  }
}

/** As short as nobody but a machine reads it; codes are those of the api. */
const problem = (reply: FastifyReply, status: number, code: string, members: object = {}) =>
  reply
    .status(status)
    .type('application/problem+json')
    .send({ status, code, ...members });

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine reaches what listens there. A name that is not known for that is taken for no. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || LOOPBACK.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');

const urlOf = ({ address, family, port }: AddressInfo) =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
