import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import pg from 'pg';
import { ApiKeys, Sessions } from '@app/access';
import { migrate, refuseKeys } from '@app/database';
import { startEmbeddedPostgres } from '@app/embedded-postgres';
import { createLogger } from '@app/logging';
import { parseMasterKeys } from '@app/vault';
import { createApi } from '../../api/src/create-api.js';
import { createSimulator } from '../../simulator/src/simulator.js';
import { createWorker } from '../../worker/src/create-worker.js';
import { DEMO_PLATFORM } from './demo-platform.js';
import type { SandboxEnv } from './env.js';
import { localSecrets } from './local-secrets.js';

export interface Services {
  /** Where the api is. */
  url: string;
  simulatorUrl: string;
  apiKey: string;
  databaseName: string;
  /** Made anew each time. Undefined if the API key works no more. */
  signInLink(): Promise<string | undefined>;
  /** Stops what was started, the last one first. */
  stop(): Promise<void>;
}

/** Starts everything in this process: database, simulated WeChat, api, worker. */
export async function startServices(env: SandboxEnv): Promise<Services> {
  const dataDir = resolve(env.RETRACT_DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const { masterKeys, apiKey } = localSecrets(dataDir);
    const postgres = env.DATABASE_URL
      ? undefined
      : await startEmbeddedPostgres({ dir: join(dataDir, 'postgres'), database: 'retract' });
    if (postgres) stops.push(() => postgres.stop());
    const databaseUrl = env.DATABASE_URL ?? postgres?.url ?? '';
    const simulator = await createSimulator({
      port: env.SIMULATOR_PORT,
      // Its world comes from a file, and chance must not make the same tokens again.
      seed: Date.now(),
      stateFile: join(dataDir, 'simulated-wechat'),
    });
    stops.push(() => simulator.close());

    await migrate(databaseUrl);
    if (env.DATABASE_URL) await refuseForeignDatabase(env.DATABASE_URL);
    const masterKeysGiven = env.MASTER_KEYS ?? parseMasterKeys(masterKeys);
    await refuseKeys(databaseUrl, masterKeysGiven);
    const url = `http://${isEveryAddress(env.HOST) ? '127.0.0.1' : env.HOST}:${env.PORT}`;
    const settings = {
      ...env,
      DATABASE_URL: databaseUrl,
      PUBLIC_URL: url,
      MASTER_KEYS: masterKeysGiven,
      BOOTSTRAP_API_KEY: env.BOOTSTRAP_API_KEY ?? apiKey,
      WECHAT_API_URL: simulator.url,
      WECHAT_API_FALLBACK_URLS: [],
      WECHAT_MP_URL: simulator.url,
      WECHAT_OPEN_URL: simulator.url,
    };
    const logger = createLogger({ level: env.LOG_LEVEL });
    const api = await createApi(settings, logger);
    stops.push(() => api.close());
    await api.listen(env.PORT, env.HOST);
    const worker = await createWorker(settings, logger);
    stops.push(() => worker.close());
    return {
      url,
      simulatorUrl: simulator.url,
      apiKey: settings.BOOTSTRAP_API_KEY,
      databaseName: postgres ? `embedded PostgreSQL in ${env.RETRACT_DATA_DIR}` : 'the PostgreSQL of DATABASE_URL',
      signInLink: () => signInLink(api, url, settings.BOOTSTRAP_API_KEY),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where a server listens on all addresses of the machine, a browser on it opens one of them. */
const isEveryAddress = (host: string) => host === '0.0.0.0' || host === '::';

/** Signs a browser of this machine in to the console, once, within ten minutes. After the # no server is told of it. */
async function signInLink(api: INestApplication, url: string, apiKey: string): Promise<string | undefined> {
  const caller = await api.get(ApiKeys).authenticate(apiKey);
  if (!caller) return undefined;
  return `${url}/console/#token=${await api.get(Sessions).issueSignInToken(caller.apiKeyId)}`;
}

/**
 * A database that serves real platforms is not for playing: this worker would carry their deletions out against the
 * simulated WeChat, and believe what that says of their merchants. In the sandbox's own, all platforms are trials of its user.
 */
async function refuseForeignDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // Its end is told to whoever waits for an answer; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ component_appid: string }>(
      'SELECT component_appid FROM platforms WHERE component_appid <> $1 LIMIT 1',
      [DEMO_PLATFORM.component_appid],
    );
    if (rows[0]) throw new ForeignDatabase(rows[0].component_appid);
  } finally {
    await client.end();
  }
}

export class ForeignDatabase extends Error {
  readonly code = 'foreign_database';

  constructor(componentAppid: string) {
    super(
      `DATABASE_URL holds platform ${componentAppid}: the sandbox needs a database of its own. Unset DATABASE_URL.`,
    );
    this.name = new.target.name;
  }
}
