import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg, { type QueryResultRow } from 'pg';
import { Process } from './process.js';
import type { Servers } from './servers.js';

export type Backend = 'PostgreSQL' | 'Redis';

/** The stage of a scenario: everything that it starts here ends with it, however it ends. */
export class Stage {
  private readonly endings: (() => Promise<unknown>)[] = [];
  private readonly ending = new AbortController();
  private readonly processes: Process[] = [];
  private ended: Promise<void> | undefined;

  constructor(
    private readonly servers: Servers,
    /** Small sizes, one round. */
    readonly isQuick: boolean,
  ) {}

  get backends(): Backend[] {
    return this.servers.redisUrl ? ['PostgreSQL', 'Redis'] : ['PostgreSQL'];
  }

  /** Aborted when the scenario's time is over or somebody pressed Ctrl-C. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** The first in a quick run, the second in a full one. */
  size<T>(quick: T, full: T): T {
    return this.isQuick ? quick : full;
  }

  /** A part of the scenario: what it started ends with it, so that the next round begins afresh. */
  async part<T>(play: (stage: Stage) => Promise<T>): Promise<T> {
    const part = new Stage(this.servers, this.isQuick);
    this.endings.push(() => part.end());
    try {
      return await play(part);
    } finally {
      await part.end();
    }
  }

  /** A migrated database with its own connections. */
  async database(): Promise<Database> {
    this.signal.throwIfAborted();
    const url = await this.servers.createDatabase();
    const database = new Database(url);
    this.endings.push(() => this.servers.dropDatabase(url));
    this.endings.push(() => database.close());
    return database;
  }

  /** The database that was given, as a full one; otherwise one that is filled with so much for the scenario. */
  async filledDatabase(sizes: Record<string, number>): Promise<Database> {
    const { filledUrl } = this.servers;
    if (filledUrl) {
      const given = new Database(filledUrl);
      this.endings.push(() => given.close());
      // Its merchants are changed.
      const isFilled = await given.value<boolean>(`SELECT EXISTS (SELECT 1 FROM api_keys WHERE name = 'filled')`);
      if (!isFilled) throw new Error('It is not a database that `npm run fill-database` has filled.');
      return given;
    }
    const database = await this.database();
    const words = Object.entries(sizes).map(([name, size]) => `--${name}=${size}`);
    await promisify(execFile)(process.execPath, ['scripts/fill-database.mjs', ...words], {
      env: { PATH: process.env.PATH, DATABASE_URL: database.url },
      signal: this.signal,
    });
    return database;
  }

  /** The settings of a queue that belongs to that database. Redis is emptied: it is one for all. */
  async queueUrl(backend: Backend, database: Database): Promise<string> {
    if (backend === 'PostgreSQL') return database.url;
    if (!this.servers.redisUrl) throw new Error('There is no Redis.');
    const { Redis } = await import('ioredis');
    const redis = new Redis(this.servers.redisUrl);
    await redis.flushall();
    redis.disconnect();
    return this.servers.redisUrl;
  }

  start(script: string, env: Record<string, string>, nodeOptions: string[] = []): Process {
    this.signal.throwIfAborted();
    const process = Process.start(script, env, nodeOptions);
    this.endings.push(() => process.stop());
    this.processes.push(process);
    return process;
  }

  /**
   * Looks now and then, and seldom, for looking costs what is measured.
   * @throws when the scenario ends before, or one of its processes by itself
   */
  async until(isSo: () => Promise<boolean>, everyMs = 250): Promise<void> {
    while (!(await isSo())) {
      for (const process of this.processes) process.throwIfGone();
      await this.pause(everyMs);
    }
  }

  /** @throws when the scenario ends before */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.signal });
  }

  /** Idempotent. Whoever asks waits until everything is gone. */
  end(): Promise<void> {
    this.ended ??= this.endAll();
    return this.ended;
  }

  private async endAll(): Promise<void> {
    this.ending.abort(new Error('the scenario has ended'));
    for (const end of this.endings.splice(0).reverse()) await end();
  }
}

export class Database {
  private readonly pool: InstanceType<typeof pg.Pool>;

  constructor(readonly url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 8, application_name: 'bench' });
    // The database may be dropped under an idle connection.
    this.pool.on('error', () => undefined);
  }

  async rows<Row extends QueryResultRow>(text: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, parameters)).rows;
  }

  /** The one value of the one row. */
  async value<T>(text: string, parameters: unknown[] = []): Promise<T> {
    const [row] = await this.rows<Record<string, T>>(text, parameters);
    const [value] = Object.values(row ?? {});
    if (value === undefined) throw new Error(`No value: ${text}`);
    return value;
  }

  /**
   * Copies a table's rows into another by way of a file beside the server's own.
   * @returns how many seconds the copying in took
   */
  async copy(from: string, to: string): Promise<number> {
    const file = `${await this.value<string>('SHOW data_directory')}/${to}.copy`;
    await this.rows(`COPY ${from} TO '${file}'`);
    const startedAt = performance.now();
    await this.rows(`COPY ${to} FROM '${file}'`);
    return (performance.now() - startedAt) / 1000;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
