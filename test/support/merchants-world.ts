import { randomBytes } from 'node:crypto';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { DatabaseModule, rows } from '@app/database';
import { createLogger } from '@app/logging';
import {
  CallbackInbox,
  GrantExchange,
  MerchantsModule,
  Platforms,
  type Merchant,
  type PlatformSecrets,
  type Receipt,
} from '@app/merchants';
import { QueueModule, type JobName } from '@app/queue';
import { SettingsModule } from '@app/settings';
import { parseMasterKeys, SecretBox } from '@app/vault';
import { buildXml, decodeAesKey, sealPush, type XmlInputFields } from '@app/wechat';
import { createSimulator, type RunningSimulator } from '../../apps/simulator/src/simulator.js';
import type { Merchant as Account, Platform as SimulatedPlatform } from '../../apps/simulator/src/state/world.js';
import type { MerchantInput } from '../../apps/simulator/src/state/registry.js';
import { createMigratedDatabase, type TestDatabase } from './database.js';
import { missingJobs } from './missing-jobs.js';

/** A platform that is registered at both ends. */
export interface WorldPlatform {
  id: string;
  componentAppid: string;
  secrets: PlatformSecrets;
  simulated: SimulatedPlatform;
}

/** What processes of one deployment share; also what a child process needs to be one of them. */
export interface Surroundings {
  databaseUrl: string;
  queueUrl: string;
  masterKeys: string;
  wechatUrl: string;
}

export const PUBLIC_URL = 'https://retract.example';
export const PUSH_MAX_AGE_S = 86_400;
export const OPEN_PER_HOUR = 20;

/** The merchants lib without the apps: a database, a simulated WeChat, and as many processes as a test wants. */
export class MerchantsWorld {
  private readonly processes: TestingModule[] = [];
  private nextPlatform = 1;

  private constructor(
    readonly database: TestDatabase,
    readonly simulator: RunningSimulator,
    readonly surroundings: Surroundings,
  ) {}

  static async start(): Promise<MerchantsWorld> {
    const database = await createMigratedDatabase();
    const simulator = await createSimulator();
    const world = new MerchantsWorld(database, simulator, {
      databaseUrl: database.url,
      queueUrl: database.url,
      masterKeys: `test:${randomBytes(32).toString('base64')}`,
      wechatUrl: simulator.url,
    });
    await world.process();
    return world;
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()));
    await this.simulator.close();
    await this.database.drop();
  }

  get simulation() {
    return this.simulator.simulation;
  }

  /** A service of the first process. */
  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.first.get(type);
  }

  /** Those of the ids for which there is no job. */
  missingJobs(name: JobName, jobIds: readonly string[]): Promise<string[]> {
    return missingJobs(this.first, name, jobIds);
  }

  private get first(): TestingModule {
    const [first] = this.processes;
    if (!first) throw new Error('no process runs');
    return first;
  }

  /** One more process: its own connections, sharing nothing but the surroundings. */
  async process(
    changes: Partial<Surroundings> = {},
    adapt = (builder: TestingModuleBuilder) => builder,
  ): Promise<TestingModule> {
    const { databaseUrl, queueUrl, masterKeys, wechatUrl } = { ...this.surroundings, ...changes };
    const builder = Test.createTestingModule({
      imports: [
        SettingsModule.of(
          DatabaseModule.settings({
            url: databaseUrl,
            applicationName: 'test',
            secrets: new SecretBox(parseMasterKeys(masterKeys)),
            poolSize: 5,
          }),
          QueueModule.settings({ url: queueUrl }),
          MerchantsModule.settings({
            wechat: { baseUrl: wechatUrl },
            onboarding: {
              publicUrl: PUBLIC_URL,
              wechatMpUrl: wechatUrl,
              wechatOpenUrl: wechatUrl,
              isOpen: true,
              openPerHour: OPEN_PER_HOUR,
              returnOrigins: [],
            },
            callbacks: { maxAgeS: PUSH_MAX_AGE_S },
          }),
        ),
        MerchantsModule,
      ],
    }).setLogger(createLogger({ level: (process.env.TEST_LOG_LEVEL ?? 'fatal') as 'fatal' }));
    const process_ = await adapt(builder).compile();
    await process_.init();
    this.processes.push(process_);
    return process_;
  }

  /** A platform of its own for a test, with a ticket unless told otherwise. */
  async platform({ hasTicket = true } = {}): Promise<WorldPlatform> {
    const componentAppid = `wx${String(this.nextPlatform++).padStart(16, '0')}`;
    const simulated = this.simulation.addPlatform({ component_appid: componentAppid });
    const { appSecret, token, encodingAesKey } = simulated;
    const secrets = { appSecret, token, encodingAesKey };
    const { id } = await this.get(Platforms).register(componentAppid, secrets);
    const platform = { id, componentAppid, secrets, simulated };
    if (hasTicket) await this.pushTicket(platform);
    return platform;
  }

  account(input: Partial<MerchantInput> = {}): Account {
    return this.simulation.registry.addMerchant({ kind: 'official', ...input });
  }

  /** An admin's consent; nothing tells us of it yet. @returns the authorization code */
  consent(platform: WorldPlatform, account: Account, sets?: number[]): string {
    return this.simulation.consent(platform.simulated, account, undefined, sets).authCode.value;
  }

  /** A merchant that has authorized, with the tokens that came with its grant. */
  async merchant(platform: WorldPlatform, account = this.account()): Promise<Merchant> {
    const code = this.consent(platform, account);
    return this.get(GrantExchange).exchange(await this.get(Platforms).byId(platform.id), { code });
  }

  /** Takes the merchant's access token away on our side, as time would. */
  async expire(...holderIds: string[]): Promise<void> {
    await this.sql(`UPDATE access_tokens SET use_until = now() - interval '1 s' WHERE holder_id = ANY($1)`, [
      holderIds,
    ]);
  }

  async pushTicket(platform: WorldPlatform): Promise<void> {
    const ticket = this.simulation.credentials.ticketToPush(platform.simulated);
    await this.push(platform, { InfoType: 'component_verify_ticket', ComponentVerifyTicket: ticket });
  }

  /** An authorization event as WeChat would push it. */
  push(platform: WorldPlatform, fields: XmlInputFields): Promise<Receipt> {
    return this.get(CallbackInbox).receive(this.sealed(platform, fields));
  }

  /** The same, not yet delivered. `seconds` is its CreateTime, `timestamp` that of its envelope. */
  sealed(
    platform: WorldPlatform,
    fields: XmlInputFields,
    seconds = Math.floor(Date.now() / 1000),
    timestamp = Math.floor(Date.now() / 1000),
  ) {
    const { componentAppid, secrets } = platform;
    const contentType = 'text/xml';
    const { body, query } = sealPush({
      token: secrets.token,
      aesKey: decodeAesKey(secrets.encodingAesKey),
      appid: componentAppid,
      plaintext: buildXml({ AppId: componentAppid, CreateTime: seconds, ...fields }),
      timestamp,
      nonce: '1234567890',
      receiver: { AppId: componentAppid },
    });
    const rawQuery = new URLSearchParams(query).toString();
    return { componentAppid, channel: 'authorization' as const, body, query, rawQuery, contentType, requestId: 'test' };
  }

  /** How often WeChat was asked this. */
  calls(operation: string, about: { component_appid?: string; authorizer_appid?: string } = {}): number {
    return this.simulation.callLog.find({ operation, ...about }).length;
  }

  sql<T>(text: string, parameters: unknown[] = []): Promise<T[]> {
    return rows<T>(this.get(DataSource), text, parameters);
  }
}
