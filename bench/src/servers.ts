import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg, { type QueryResultRow } from 'pg';
import { migrate } from '@app/database';
import { startEmbeddedPostgres } from '@app/embedded-postgres';
import { freePort } from './free-port.js';

const TEMPLATE = 'retract_template';

/**
 * Postgres and, where there is a `redis-server`, Redis: started for this run, gone with everything in them after it.
 */
export class Servers {
  private nextDatabase = 1;

  private constructor(
    private readonly adminUrl: string,
    /** A database that somebody has filled; undefined: the server is our own, and has none. */
    readonly filledUrl: string | undefined,
    /** Undefined: there is no `redis-server` on the PATH. */
    readonly redisUrl: string | undefined,
    readonly stop: () => Promise<void>,
  ) {}

  /**
   * Postgres with the defaults that it comes with, durable: what is committed is on the disk.
   * @param filledUrl a database on whose server all is run instead
   */
  static async start(filledUrl?: string): Promise<Servers> {
    const dir = mkdtempSync(join(tmpdir(), 'retract-bench-'));
    // Root starts Postgres as another user, who has to pass through.
    chmodSync(dir, 0o711);
    const stops: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true })];
    const stop = async () => {
      for (const stopOne of stops.splice(0).reverse()) await stopOne();
    };
    try {
      const settings = { max_connections: '300', shared_preload_libraries: 'pg_stat_statements' };
      const postgres = filledUrl
        ? await templateBeside(filledUrl)
        : await startEmbeddedPostgres({ dir: join(dir, 'postgres'), database: TEMPLATE, settings });
      stops.push(() => postgres.stop());
      await migrate(postgres.url);
      const redis = await startRedis(dir);
      if (redis) stops.push(() => redis.stop());
      return new Servers(postgres.url, filledUrl, redis?.url, stop);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** A migrated database. */
  async createDatabase(): Promise<string> {
    const name = `bench_${this.nextDatabase++}`;
    await this.admin(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    return databaseIn(this.adminUrl, name);
  }

  async dropDatabase(url: string): Promise<void> {
    await this.admin(`DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
  }

  async versions(): Promise<{ postgres: string; redis: string | undefined }> {
    const [row] = await this.admin<{ server_version: string }>('SHOW server_version');
    const redis = this.redisUrl && /v=([\d.]+)/.exec(spawnSync('redis-server', ['--version']).stdout.toString())?.[1];
    return { postgres: row?.server_version ?? 'unknown', redis };
  }

  /** This is not in the template: a database that somebody is connected to cannot be copied. */
  private admin<Row extends QueryResultRow>(text: string): Promise<Row[]> {
    return onServerOf<Row>(this.adminUrl, text);
  }
}

async function onServerOf<Row extends QueryResultRow>(databaseUrl: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseIn(databaseUrl, 'postgres') });
  // Should Postgres go away, the statement says so.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

function databaseIn(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function templateBeside(filledUrl: string): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const drop = () => onServerOf(filledUrl, `DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
  await drop();
  await onServerOf(filledUrl, `CREATE DATABASE ${TEMPLATE}`);
  return { url: databaseIn(filledUrl, TEMPLATE), stop: drop };
}

/**
 * Durable as Postgres is would be `appendfsync always`; the queue can be rebuilt, so it runs as the tests run it: in
 * memory.
 */
async function startRedis(dir: string): Promise<{ url: string; stop: () => Promise<void> } | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  // The pipe closes when this process goes away, even by kill -9, and Redis ends with it.
  const guard = '"$@" </dev/null & pid=$!; cat >/dev/null; kill $pid; wait $pid';
  const child = spawn('/bin/sh', ['-c', guard, 'redis-guard', 'redis-server', ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const gone = once(child, 'exit');
  for await (const chunk of child.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
