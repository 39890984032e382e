import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg, { type QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';
import { createLogger } from '@app/logging';
import { createApi } from '../../apps/api/src/create-api.js';
import { apiEnvSchema } from '../../apps/api/src/env.js';
import { TOLERANCE, type Tolerance } from '../../apps/api/src/http/bodies/tolerance.js';
import { createSimulator, type RunningSimulator, type SimulatorOptions } from '../../apps/simulator/src/simulator.js';
import { createWorker } from '../../apps/worker/src/create-worker.js';
import { workerEnvSchema } from '../../apps/worker/src/env.js';
import { summaryOf, verifyProof } from '@app/proof-verifier';
import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { describedAnswers } from './described-answers.js';
import { createMigratedDatabase, type TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/** An answer of the api or of the simulator's control API. */
export interface Reply {
  status: number;
  headers: Headers;
  body: any;
}

export interface SystemOptions {
  /** Of a given database: see queueBackends. */
  queueUrlFor?: (databaseUrl: string) => string;
  /** Instead of a database of its own on the server that all tests share. */
  database?: TestDatabase;
  simulator?: SimulatorOptions;
  /** Environment variables besides those that the system sets itself. */
  env?: Record<string, string>;
  logger?: LoggerService;
  /**
   * What the api gives slow and unknown clients. Tests that ask with wrong keys do not wait for the end of a minute.
   */
  tolerance?: Partial<Tolerance>;
  /** False: only the api runs, and what it accepts waits. */
  withWorker?: boolean;
}

/** The longest that an answer may take: what hangs is named, before the test's own time is up. */
const CALL_MS = 100_000;

export const PLATFORM = {
  component_appid: 'wx0123456789abcdef',
  app_secret: '0c79eb6a5c9b4c1a8d2e3f4a5b6c7d8e',
  token: 'aTokenForPushes',
  // Its last character is not canonical base64, as WeChat's own often are.
  encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
};

/** The whole service in this process: api, worker and the simulated WeChat, on a database of its own. */
export class System {
  readonly apiKey: string;

  private constructor(
    readonly url: string,
    readonly database: TestDatabase,
    readonly simulator: RunningSimulator,
    readonly environment: Record<string, string>,
    private readonly logger: LoggerService,
    readonly api: NestFastifyApplication,
    private worker: INestApplicationContext | undefined,
  ) {
    this.apiKey = environment.BOOTSTRAP_API_KEY ?? '';
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const database = options.database ?? (await createMigratedDatabase());
    const simulator = await createSimulator(options.simulator);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const environment = {
      DATABASE_URL: database.url,
      QUEUE_URL: options.queueUrlFor?.(database.url) ?? database.url,
      PUBLIC_URL: url,
      PORT: String(port),
      MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
      BOOTSTRAP_API_KEY: `rk_${randomBytes(32).toString('base64url')}`,
      WECHAT_API_URL: simulator.url,
      WECHAT_MP_URL: simulator.url,
      WECHAT_OPEN_URL: simulator.url,
      DEFAULT_RATE_PER_MINUTE: '6000',
      API_RATE_PER_MINUTE: '0',
      OPEN_AUTHORIZATIONS_PER_HOUR: '1000000',
      ...options.env,
    };
    const logger = options.logger ?? createLogger({ level: (process.env.TEST_LOG_LEVEL ?? 'fatal') as 'fatal' });
    const api = await createApi(apiEnvSchema.parse(environment), logger, {
      ...TOLERANCE,
      failedKeysPerMinute: 0,
      clicksPerMinute: 0,
      ...options.tolerance,
    });
    await api.listen(port, '127.0.0.1');
    const system = new System(url, database, simulator, environment, logger, api, undefined);
    if (options.withWorker !== false) await system.startWorker();
    return system;
  }

  async startWorker(settings: Record<string, string> = {}): Promise<void> {
    this.worker = await createWorker(workerEnvSchema.parse({ ...this.environment, ...settings }), this.logger);
  }

  get runningWorker(): INestApplicationContext {
    if (!this.worker) throw new Error('No worker runs.');
    return this.worker;
  }

  async stopWorker(): Promise<void> {
    await this.worker?.close();
    this.worker = undefined;
  }

  async close(): Promise<void> {
    await this.stopWorker();
    await this.api.close();
    await this.simulator.close();
    await this.database.drop();
  }

  /** A request to the api, with the admin's key unless told otherwise. Its answer has to be as the OpenAPI document says. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const sent = { authorization: `Bearer ${this.apiKey}`, ...headers };
    return this.described(method, path, await request(method, this.url + path, body, sent));
  }

  /** A request whose body goes out as it is given, for what JSON.stringify would not write. */
  async callText(method: string, path: string, text: string, headers: Record<string, string> = {}): Promise<Reply> {
    const reply = await requestText(method, this.url + path, text, {
      authorization: `Bearer ${this.apiKey}`,
      'content-type': 'application/json',
      ...headers,
    });
    return this.described(method, path, reply);
  }

  private described(method: string, path: string, reply: Reply): Reply {
    describedAnswers(this.api).check(method, path, reply);
    return reply;
  }

  /** A request of the admin's whose other headers are exactly these: fetch adds its own. */
  send(method: string, path: string, headers: Record<string, string>, body?: Buffer | string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const authorization = `Bearer ${this.apiKey}`;
      const sent = httpRequest(this.url + path, { method, headers: { authorization, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const told = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
          const reply = asReply(response.statusCode ?? 0, told, Buffer.concat(chunks).toString());
          try {
            resolve(this.described(method, path, reply));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** A request to the simulator's control API; anything but success is an error of the test. */
  async control(method: string, path: string, body?: unknown): Promise<any> {
    const reply = await request(method, `${this.simulator.url}/_control/${path}`, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** Rows straight from the database, or a change behind the service's back. */
  async sql<Row extends QueryResultRow>(text: string, parameters: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({
      connectionString: this.database.url,
      connectionTimeoutMillis: CALL_MS,
      query_timeout: CALL_MS,
    });
    await client.connect();
    try {
      return (await client.query<Row>(text, parameters)).rows;
    } catch (error) {
      throw failed(text, error);
    } finally {
      await client.end();
    }
  }

  /** The platform at both ends, its ticket received. @param url where WeChat reaches the api */
  async registerPlatform(platform = PLATFORM, url = this.url): Promise<void> {
    await this.control('POST', 'platforms', {
      ...platform,
      events_url: `${url}/wechat/${platform.component_appid}/events`,
      messages_url: `${url}/wechat/${platform.component_appid}/messages/$APPID$`,
    });
    // A request for the ticket does nothing at WeChat while the first push, which must fail, is still under way.
    await eventually(
      () => this.control('GET', `pushes?component_appid=${platform.component_appid}`),
      ({ data }) => data.length > 0 && data.every(({ state }: { state: string }) => state !== 'pending'),
    );
    const registered = await this.call('POST', '/v1/platforms', platform);
    if (registered.status !== 201) throw new Error(`platform not registered: ${JSON.stringify(registered.body)}`);
    await eventually(
      () => this.call('GET', `/v1/platforms/${platform.component_appid}`),
      ({ body }) => body.ticket_received_at !== null,
    );
  }

  /** An account of the simulated WeChat that goes through the authorization pages. @returns its appid */
  async onboardMerchant(
    account: Record<string, unknown> = {},
    { permissionSets, platform = PLATFORM }: { permissionSets?: number[]; platform?: typeof PLATFORM } = {},
  ): Promise<string> {
    const { appid } = await this.control('POST', 'merchants', account);
    await this.control('POST', 'consents', {
      link: await this.clickThrough(`${this.url}/authorize/${platform.component_appid}`),
      authorizer_appid: appid,
      follow_redirect: true,
      ...(permissionSets && { permission_sets: permissionSets }),
    });
    await eventually(
      () => this.call('GET', `/v1/merchants/${appid}`),
      ({ status }) => status === 200,
    );
    // The event brings the same code, and WeChat's own time of the grant.
    if (this.worker) {
      await eventually(
        () => this.api.get(DataSource).query(`SELECT state FROM callback_events WHERE authorizer_appid = $1`, [appid]),
        (events: { state: string }[]) => events.some(({ state }) => state === 'done'),
      );
    }
    return appid;
  }

  /** The click on an authorization page. @returns the link to WeChat's page that it leads to */
  async clickThrough(page: string): Promise<string> {
    const { status, body } = await request('POST', page);
    const link = /href="([^"]*componentloginpage[^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&');
    if (link === undefined) throw new Error(`${page} leads nowhere: ${status} ${body}`);
    return link;
  }

  /**
   * So many accounts at once, authorized without pages, each with sent messages of two articles.
   * @returns appid and first msg_id of each
   */
  async grantedMerchants(
    count: number,
    messages = 1,
    { component_appid } = PLATFORM,
  ): Promise<{ merchant: string; msgId: string }[]> {
    const { data } = await this.control('POST', 'merchants/bulk', { count, messages, component_appid });
    await eventually(
      () =>
        this.sql<{ count: number }>(
          'SELECT count(*)::int FROM merchants WHERE facts_read_at IS NOT NULL AND authorizer_appid = ANY($1)',
          [data.map(({ appid }: { appid: string }) => appid)],
        ),
      ([row]) => row?.count === count,
      120_000 + 100 * count,
    );
    return data.map((one: { appid: string; first_msg_id: string }) => ({
      merchant: one.appid,
      msgId: one.first_msg_id,
    }));
  }

  /** A mass message that the account has sent. @returns its msg_id, in digits */
  async sendMassMessage(appid: string, message: Record<string, unknown> = {}): Promise<string> {
    const { data } = await this.control('POST', `merchants/${appid}/mass-messages`, message);
    const msgId = String(data[0].msg_id);
    await eventually(
      () => this.control('GET', `merchants/${appid}/mass-messages/${msgId}`),
      ({ status }) => status !== 'SENDING',
    );
    return msgId;
  }

  /** WeChat's own push at the end of a mass send, with addresses as the test wants them. */
  async tellOfMassSend(
    appid: string,
    msgId: string,
    item: { ArticleIdx: number; ArticleUrl: string }[],
    count = item.length,
  ): Promise<void> {
    const timestamp = Math.floor(Date.now() / 1000);
    const { body, query } = sealPush({
      token: PLATFORM.token,
      aesKey: decodeAesKey(PLATFORM.encoding_aes_key),
      appid: PLATFORM.component_appid,
      receiver: { ToUserName: 'gh_0123456789ab' },
      plaintext: buildXml({
        CreateTime: timestamp,
        MsgType: 'event',
        Event: 'MASSSENDJOBFINISH',
        MsgID: BigInt(msgId),
        Status: 'send success',
        ArticleUrlResult: { Count: count, ResultList: { item } },
      }),
      timestamp,
      nonce: msgId,
    });
    const path = `/wechat/${PLATFORM.component_appid}/messages/${appid}?${new URLSearchParams(query).toString()}`;
    const answer = await requestText('POST', this.url + path, body.toString('utf8'), { 'content-type': 'text/xml' });
    if (answer.body !== 'success') throw new Error(`push not taken: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** What `npm run verify-proof` says first of an exported file, with the keys of this system. */
  async judged(proof: string | Buffer, lastHash?: string): Promise<string> {
    const { body } = await this.call('GET', '/.well-known/jwks.json');
    return summaryOf(await verifyProof([proof.toString()], body, { lastHash }));
  }

  /** The deletion once it has come to an end. */
  async finished(id: string, deadlineMs?: number): Promise<any> {
    const reply = await eventually(
      () => this.call('GET', `/v1/deletions/${id}`),
      ({ body }) => body.finished_at !== null,
      deadlineMs,
    );
    return reply.body;
  }
}

function request(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  if (body === undefined) return requestText(method, url, undefined, headers);
  return requestText(method, url, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

async function requestText(
  method: string,
  url: string,
  body: string | undefined,
  headers: Record<string, string>,
): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(CALL_MS);
    const response = await fetch(url, { method, headers, signal, ...(body !== undefined && { body }) });
    return asReply(response.status, response.headers, await response.text());
  } catch (error) {
    throw failed(`${method} ${url}`, error);
  }
}

const failed = (what: string, cause: unknown) => new Error(`${what}: ${String(cause)}`, { cause });

function asReply(status: number, headers: Headers, text: string): Reply {
  const isJson = /^application\/(problem\+)?json\b/.test(headers.get('content-type') ?? '');
  return { status, headers, body: isJson && text ? JSON.parse(text) : text };
}
