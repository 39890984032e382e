import { execFile, type ExecFileException } from 'node:child_process';
import { promisify } from 'node:util';
import { endOfBuiltApp, startBuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { startPgBouncer } from './support/pgbouncer.js';
import { describeWith } from './support/programs.js';
import { startRestartableRedis } from './support/restartable-redis.js';
import { startRestartablePostgres, type RestartablePostgres } from './support/restartable-postgres.js';

/** They start several processes. */
const MOST_MS = 240_000;

const settings = async () => ({
  MASTER_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
  BOOTSTRAP_API_KEY: `rk_${'a'.repeat(40)}`,
  PORT: String(await freePort()),
});

describe('a process that starts while its servers are away', () => {
  /** What it says while it waits, until it is there. */
  async function startsOnce(app: 'api' | 'worker', environment: Record<string, string>, comeBack: () => Promise<void>) {
    const told: Record<string, unknown>[] = [];
    const starting = startBuiltApp(app, { ...(await settings()), ...environment }, (line) => {
      const record = JSON.parse(line) as Record<string, unknown>;
      if (record.level === 'warn') told.push(record);
    });
    await eventually(
      () => Promise.resolve(told),
      (records) => records.some(({ setting }) => setting !== undefined),
    );
    await comeBack();
    const running = await starting;
    expect(await running.end('SIGTERM')).toBe(0);
    return told;
  }

  it.each(['api', 'worker'] as const)(
    'the %s says which setting it waits for, and runs once the database is there',
    async (app) => {
      const postgres = await startRestartablePostgres();
      await postgres.stop();
      const told = await startsOnce(app, { DATABASE_URL: postgres.url }, () => postgres.start());
      expect(told).toMatchObject([{ setting: 'DATABASE_URL', reason: expect.stringMatching(/terminated|ECONN/) }]);
      await postgres.drop();
    },
  );

  it.each(['api', 'worker'] as const)('the %s listens to SIGTERM meanwhile, as a container has to', async (app) => {
    const environment = { ...(await settings()), DATABASE_URL: 'postgres://u:p@127.0.0.1:1/retract' };
    const { exitCode } = await endOfBuiltApp(app, environment, (line) => process.kill(JSON.parse(line).pid, 'SIGTERM'));
    expect(exitCode).toBe(143);
  });

  describeWith('redis-server', 'with a queue in Redis', () => {
    it('the worker waits for that as well', async () => {
      const postgres = await startRestartablePostgres();
      const redis = await startRestartableRedis();
      await redis.stop();
      const environment = { DATABASE_URL: postgres.url, QUEUE_URL: redis.url };
      const told = await startsOnce('worker', environment, () => redis.start());
      expect(told).toContainEqual(expect.objectContaining({ setting: 'QUEUE_URL' }));
      await redis.drop();
      await postgres.drop();
    });

    it('the worker tells in one line what fails while its parts are made', async () => {
      const postgres = await startRestartablePostgres();
      const redis = await startRestartableRedis();
      await redis.stop();
      const environment = { ...(await settings()), DATABASE_URL: postgres.url, QUEUE_URL: redis.url };
      const records: Record<string, unknown>[] = [];
      const ending = endOfBuiltApp('worker', environment, (line) => records.push(JSON.parse(line) as never));
      // The database is prepared by then, and goes away before its pool is opened.
      await eventually(
        () => Promise.resolve(records),
        (told) => told.some(({ setting }) => setting === 'QUEUE_URL'),
      );
      await postgres.stop();
      await redis.start();
      expect((await ending).exitCode).toBe(1);
      expect(records.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([
        expect.objectContaining({
          level: 'fatal',
          message: 'the start has ended',
          reason: expect.stringMatching(/^The database of DATABASE_URL does not answer/),
        }),
      ]);
      await redis.drop();
      await postgres.start();
      await postgres.drop();
    });
  });
});

describe('an address that cannot be used', () => {
  let postgres: RestartablePostgres;
  beforeAll(async () => {
    postgres = await startRestartablePostgres();
  });
  afterAll(() => postgres.drop());

  const without = (part: 'tables' | 'database' | 'server') => {
    const url = new URL(postgres.url);
    if (part === 'tables') url.pathname = '/postgres';
    else if (part === 'database') url.pathname = '/nothing';
    // Nobody listens there.
    else url.port = '1';
    return url.href;
  };

  it.each([
    ['database', { reason: /^The database of MIGRATION_DATABASE_URL .*"nothing" does not exist/ }],
    ['server', { setting: /^MIGRATION_DATABASE_URL$/, reason: /ECONNREFUSED/ }],
  ] as const)(
    'is told as that of the owner, where its %s is not there',
    async (part, told) => {
      const environment = { DATABASE_URL: postgres.url, MIGRATION_DATABASE_URL: without(part) };
      const { lines, exitCode } = await endOfBuiltApp('worker', { ...(await settings()), ...environment });
      expect(exitCode).toBe(1);
      const facts = Object.entries(told).map(([name, words]) => [name, expect.stringMatching(words)]);
      expect(JSON.parse(lines.at(-1) ?? '{}')).toMatchObject({ level: 'fatal', ...Object.fromEntries(facts) });
      expect(lines.join()).not.toContain('stack_trace');
    },
    MOST_MS,
  );

  it(
    'is told by the api where its port is taken, in the one line that is an error',
    async () => {
      const { port } = new URL(postgres.url);
      const environment = { ...(await settings()), DATABASE_URL: postgres.url, PORT: port };
      const { lines, exitCode } = await endOfBuiltApp('api', environment);
      expect(exitCode).toBe(1);
      const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(records.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([
        expect.objectContaining({
          reason: expect.stringMatching(/^PORT or HOST cannot be listened on \(.*EADDRINUSE/),
        }),
      ]);
    },
    MOST_MS,
  );

  it.each(['keys', 'reseal', 'verify-audit', 'rotate-proof-key'])(
    'is told by the program %s in one line',
    async (program) => {
      const said = async (DATABASE_URL: string) => {
        const path = `dist/apps/api/src/${program}.js`;
        const env = { PATH: process.env.PATH, ...(await settings()), DATABASE_URL };
        const ended = promisify(execFile)(process.execPath, [path], { env });
        return ended.then(
          ({ stdout, stderr }) => [0, stdout, stderr],
          ({ code, stdout, stderr }: ExecFileException) => [code, stdout, stderr],
        );
      };
      const line = (words: RegExp) => [2, '', expect.stringMatching(new RegExp(`^${words.source}[^\\n]*\\n$`))];
      expect(await said(without('server'))).toEqual(line(/The database of DATABASE_URL does not answer or refuses/));
      expect(await said(without('database'))).toEqual(line(/The database of DATABASE_URL .*"nothing" does not exist/));
      expect(await said(`${postgres.url}?sslmode=verify-full`)).toEqual(
        line(/DATABASE_URL names a server with which no TLS comes about/),
      );
      expect(await said(without('tables'))).toEqual(line(/The database of DATABASE_URL was not migrated to this/));
    },
    MOST_MS,
  );
});

describeWith('pgbouncer', 'a process before which a PgBouncer stands', () => {
  let postgres: RestartablePostgres;
  beforeAll(async () => {
    postgres = await startRestartablePostgres();
  });
  afterAll(() => postgres.drop());

  const ignoring = { ignore_startup_parameters: 'extra_float_digits,options,idle_in_transaction_session_timeout' };

  it.each([
    ['in session mode as it comes', { pool_mode: 'session' }, /leads to a PgBouncer that refuses our timeouts/],
    ['that drops what it does not know', { pool_mode: 'session', ...ignoring }, /drops what a connection begins with/],
    ['in transaction mode', { pool_mode: 'transaction' }, /leads to a PgBouncer that refuses our timeouts/],
    [
      'in transaction mode that drops what it does not know',
      { pool_mode: 'transaction', ...ignoring },
      /drops what a connection begins with/,
    ],
  ])(
    'ends at once, saying so: one %s',
    async (_what, pooling, reason) => {
      const pooler = await startPgBouncer(postgres.url, pooling);
      for (const app of ['api', 'worker'] as const) {
        const { lines, exitCode } = await endOfBuiltApp(app, { ...(await settings()), DATABASE_URL: pooler.url });
        expect({ app, exitCode }).toEqual({ app, exitCode: 1 });
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
          expect.objectContaining({
            level: 'fatal',
            message: 'the start has ended',
            reason: expect.stringMatching(reason),
          }),
        ]);
      }
      await pooler.stop();
    },
    MOST_MS,
  );

  it.each([
    ['MIGRATION_DATABASE_URL', { pool_mode: 'session' }, /^MIGRATION_DATABASE_URL leads to a PgBouncer that refuses/],
    ['QUEUE_URL', { pool_mode: 'session', ...ignoring }, /^QUEUE_URL leads to a pooler.*that drops what a connection/],
    ['QUEUE_URL', { pool_mode: 'transaction' }, /^QUEUE_URL leads to a PgBouncer that refuses/],
  ])(
    'ends at once where only %s leads there: %j',
    async (setting, pooling, reason) => {
      const pooler = await startPgBouncer(postgres.url, pooling);
      for (const app of ['api', 'worker'] as const) {
        const addresses = { DATABASE_URL: postgres.url, [setting]: pooler.url };
        const { lines, exitCode } = await endOfBuiltApp(app, { ...(await settings()), ...addresses });
        expect({ app, exitCode }).toEqual({ app, exitCode: 1 });
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
          expect.objectContaining({ level: 'fatal', setting, reason: expect.stringMatching(reason) }),
        ]);
      }
      await pooler.stop();
    },
    MOST_MS,
  );
});
