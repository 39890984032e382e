import { BlockList, isIP, type AddressInfo } from 'node:net';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiKeys, mayAct, type Principal } from '@app/access';
import { databaseShortage } from '@app/database';
import { useRequestId, useRequestLog } from '@app/logging';
import { isEverything } from '@app/scope';
import { Exposition, Liveness, NotReady, Readiness } from '@app/telemetry';

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

/** So many keys that it has not let in before are looked up in a minute, whoever brings them: each costs a query. */
const NEW_KEYS_A_MINUTE = 60;
const MINUTE_MS = 60_000;

type DoorRequest = FastifyRequest & { principal?: Principal };

/**
 * Where a worker tells how it is doing. It opens before the first job is taken, and stays open until the last one has
 * ended.
 */
@Injectable()
export class Door implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Door.name);
  private server: FastifyInstance | undefined;
  /** When the last of them came. */
  private readonly newKeys: number[] = [];

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
    const server = fastify({
      forceCloseConnections: true,
      requestTimeout: 10_000,
      frameworkErrors: (_error, _request, reply) => void problem(reply, 400, 'malformed_request'),
    });
    useRequestId(server);
    useRequestLog(server);
    // Before there is a body: nobody reads one here.
    server.addHook('onRequest', (request, reply, done) => {
      if (request.is404) void problem(reply, 404, 'not_found');
      else done();
    });
    server.setErrorHandler((error, request, reply) => this.refuse(error, request, reply));
    server.get('/health/live', () => this.liveness.state());
    server.get('/health/ready', () => this.readiness.check());
    server.get('/metrics', (request: DoorRequest, reply) => this.metrics(request, reply));
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

  private async metrics(request: DoorRequest, reply: FastifyReply) {
    if (!isLoopback(this.options.host)) {
      const key = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const waitS = key === '' || this.keys.wasLetIn(key) ? 0 : this.takeTurn(performance.now());
      if (waitS > 0) return problem(reply.header('retry-after', waitS), 429, 'too_many_failures');
      const caller = await this.keys.authenticateOrRecall(key);
      if (!caller) return problem(reply.header('www-authenticate', 'Bearer'), 401, 'unauthenticated');
      request.principal = caller;
      if (!mayAct(caller.role, 'viewer') || !isEverything(caller.scope)) return problem(reply, 403, 'forbidden');
    }
    const { contentType, text } = await this.exposition.text();
    return reply.type(contentType).send(text);
  }

  /** @returns the seconds until a key may be looked up that it has not let in before; 0: now */
  private takeTurn(now: number): number {
    const [first = now] = this.newKeys;
    const waitMs = this.newKeys.length < NEW_KEYS_A_MINUTE ? 0 : first + MINUTE_MS - now;
    if (waitMs > 0) return Math.ceil(waitMs / 1_000);
    this.newKeys.push(now);
    if (this.newKeys.length > NEW_KEYS_A_MINUTE) this.newKeys.shift();
    return 0;
  }

  private refuse(error: unknown, { method, url }: FastifyRequest, reply: FastifyReply) {
    if (error instanceof NotReady) return problem(reply, 503, error.code, { parts: error.parts });
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
