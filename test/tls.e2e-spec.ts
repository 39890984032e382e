import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '@app/database';
import { startEmbeddedPostgres } from '@app/embedded-postgres';
import { endOfBuiltApp, startBuiltApp } from './support/built-app.js';
import { makeCertificates, type Certificates } from './support/certificates.js';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { describeWith } from './support/programs.js';
import { startRestartableRedis, type RestartableRedis } from './support/restartable-redis.js';
import { System } from './support/system.js';

/** They start many processes. */
const MOST_MS = 300_000;

const settings = async () => ({
  MASTER_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
  BOOTSTRAP_API_KEY: `rk_${'a'.repeat(40)}`,
  PORT: String(await freePort()),
});

/** A Postgres that lets nobody in without TLS, and has a role besides the owner's. */
async function startTlsPostgres({ cert, key }: Certificates): Promise<TestDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'retract-tls-postgres-'));
  chmodSync(dir, 0o711);
  const postgres = await startEmbeddedPostgres({ dir, database: 'retract', durable: false });
  await migrate(postgres.url);
  const cluster = join(dir, 'cluster');
  const { uid, gid } = statSync(cluster);
  for (const [from, to] of [
    [cert, 'server.crt'],
    [key, 'server.key'],
  ] as const) {
    copyFileSync(from, join(cluster, to));
    chmodSync(join(cluster, to), 0o600);
    chownSync(join(cluster, to), uid, gid);
  }
  const rules = readFileSync(join(cluster, 'pg_hba.conf'), 'utf8');
  writeFileSync(join(cluster, 'pg_hba.conf'), rules.replace(/^host\b/gm, 'hostssl'));
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`CREATE ROLE service LOGIN PASSWORD 'of-the-service'`);
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  await admin.end();
  const url = new URL(postgres.url);
  // By the name that its certificate has.
  url.hostname = 'localhost';
  const isLetIn = async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  };
  await eventually(isLetIn, (letIn) => !letIn);
  return {
    url: url.href,
    drop: async () => {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

describeWith('openssl', 'TLS with an authority of one’s own', () => {
  let ours: Certificates;
  let others: Certificates;
  beforeAll(() => {
    ours = makeCertificates('localhost');
    others = makeCertificates('localhost');
  });
  afterAll(() => {
    ours.drop();
    others.drop();
  });

  /** What both apps say of settings that they cannot begin with. */
  async function refusals(
    environment: Record<string, string>,
    apps: readonly ('api' | 'worker')[] = ['api', 'worker'],
  ): Promise<unknown[]> {
    const said = apps.map(async (app) => {
      const { lines, exitCode } = await endOfBuiltApp(app, { ...(await settings()), ...environment });
      expect({ app, exitCode }).toEqual({ app, exitCode: 1 });
      return lines.map((line) => JSON.parse(line) as unknown);
    });
    return (await Promise.all(said)).flat();
  }
  const refused = (setting: string, reason: RegExp) =>
    expect.objectContaining({
      level: 'fatal',
      message: 'the start has ended',
      setting,
      reason: expect.stringMatching(reason),
    });

  describe('to Postgres', () => {
    let postgres: TestDatabase;
    beforeAll(async () => {
      postgres = await startTlsPostgres(ours);
    }, MOST_MS);
    afterAll(() => postgres.drop());

    const address = ({ ca }: { ca?: string }, change: Partial<URL> = {}) => {
      const url = new URL(postgres.url);
      Object.assign(url, change);
      url.searchParams.set('sslmode', 'verify-full');
      if (ca !== undefined) url.searchParams.set('sslrootcert', ca);
      return url.href;
    };
    const asService = { username: 'service', password: 'of-the-service' };

    it(
      'carries migrations, and with NODE_EXTRA_CA_CERTS needs no sslrootcert',
      async () => {
        const worker = await startBuiltApp('worker', {
          ...(await settings()),
          DATABASE_URL: address({}, asService),
          MIGRATION_DATABASE_URL: address({}),
          NODE_EXTRA_CA_CERTS: ours.ca,
        });
        expect(await worker.end('SIGTERM')).toBe(0);
      },
      MOST_MS,
    );

    it(
      'takes back an article: api, worker, queue and the one that listens all have their connections by it',
      async () => {
        const url = address(ours);
        const system = await System.start({ database: { url, drop: () => Promise.resolve() } });
        await system.registerPlatform();
        const merchant = await system.onboardMerchant();
        const msgId = await system.sendMassMessage(merchant);
        expect((await system.call('GET', '/health/ready')).status).toBe(200);
        const { body } = await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 1 });
        expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
        const connections = await system.sql<{ name: string; ssl: boolean }>(
          `SELECT DISTINCT application_name AS name, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
         WHERE application_name LIKE 'retract-%' ORDER BY name`,
        );
        expect(connections.filter(({ ssl }) => !ssl)).toEqual([]);
        const names = connections.map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(['retract-api', 'retract-queue', 'retract-worker']));
        await system.close();
      },
      MOST_MS,
    );

    it(
      'is refused with the authority of somebody else',
      async () => {
        const told = await refusals({ DATABASE_URL: address(others) });
        const one = refused('DATABASE_URL', /^DATABASE_URL names a server whose certificate no authority has signed/);
        expect(told).toEqual([one, one]);
        expect(JSON.stringify(told)).not.toMatch(/localhost|postgres:\/\//);
      },
      MOST_MS,
    );

    it(
      'is refused under another name',
      async () => {
        const told = await refusals({ DATABASE_URL: address(ours, { hostname: '127.0.0.1' }) }, ['api']);
        expect(told).toEqual([refused('DATABASE_URL', /^DATABASE_URL names a server by another name than those/)]);
        expect(JSON.stringify(told)).not.toContain('127.0.0.1');
      },
      MOST_MS,
    );

    it(
      'is refused for migrations and for the queue as well, each by its setting',
      async () => {
        const environment = { DATABASE_URL: address(ours, asService), MIGRATION_DATABASE_URL: address(others) };
        expect(await refusals(environment, ['worker'])).toEqual([
          refused('MIGRATION_DATABASE_URL', /^MIGRATION_DATABASE_URL names a server whose certificate/),
        ]);
        const ofQueue = refused('QUEUE_URL', /^QUEUE_URL names a server by another name/);
        expect(
          await refusals({ DATABASE_URL: address(ours), QUEUE_URL: address(ours, { hostname: '127.0.0.1' }) }),
        ).toEqual([ofQueue, ofQueue]);
      },
      MOST_MS,
    );

    it(
      'is refused where the server has none',
      async () => {
        const plain = await createMigratedDatabase();
        expect(await refusals({ DATABASE_URL: `${plain.url}?sslmode=verify-full` }, ['worker'])).toEqual([
          refused('DATABASE_URL', /^DATABASE_URL names a server with which no TLS comes about/),
        ]);
        await plain.drop();
      },
      MOST_MS,
    );
  });

  describeWith('redis-server', 'to Redis', () => {
    let redis: RestartableRedis;
    let database: TestDatabase;
    let port: number;
    beforeAll(async () => {
      database = await createMigratedDatabase();
      port = await freePort();
      redis = await startRestartableRedis(
        ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', '--maxmemory-policy', 'noeviction'],
        ...['--tls-cert-file', ours.cert, '--tls-key-file', ours.key, '--tls-ca-cert-file', ours.ca],
      );
    });
    afterAll(async () => {
      await redis.drop();
      await database.drop();
    });

    const environment = async (host: string, extraCa?: string) => ({
      ...(await settings()),
      DATABASE_URL: database.url,
      QUEUE_URL: `rediss://${host}:${port}`,
      ...(extraCa !== undefined && { NODE_EXTRA_CA_CERTS: extraCa }),
    });

    it(
      'begins with the authority in NODE_EXTRA_CA_CERTS, and queues get through',
      async () => {
        const own = await environment('localhost', ours.ca);
        const warnings: string[] = [];
        const onLine = (line: string) => (/"level":"(warn|error)"/.test(line) ? warnings.push(line) : undefined);
        const worker = await startBuiltApp('worker', own, onLine);
        const api = await startBuiltApp('api', own, onLine);
        expect((await fetch(`http://127.0.0.1:${own.PORT}/health/ready`)).status).toBe(200);
        expect(await api.end('SIGTERM')).toBe(0);
        expect(await worker.end('SIGTERM')).toBe(0);
        expect(warnings).toEqual([]);
      },
      MOST_MS,
    );

    it.each([
      ['without it', 'api', 'localhost', undefined, /^QUEUE_URL names a server whose certificate no authority has/],
      ['with that of another', 'worker', 'localhost', 'others', /^QUEUE_URL names a server whose certificate no auth/],
      ['under another name', 'worker', '127.0.0.1', 'ours', /^QUEUE_URL names a server by another name than those/],
    ] as const)(
      'is refused %s, by the %s',
      async (_what, app, host, authority, reason) => {
        const ca = authority && { ours, others }[authority].ca;
        const told = await refusals(await environment(host, ca), [app]);
        expect(told).toEqual([refused('QUEUE_URL', reason)]);
        expect(JSON.stringify(told)).not.toMatch(/localhost|127\.0\.0\.1|rediss:/);
      },
      MOST_MS,
    );
  });
});
