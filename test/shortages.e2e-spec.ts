import { once } from 'node:events';
import type { LoggerService } from '@nestjs/common';
import { Redis } from 'ioredis';
import pg from 'pg';
import { eventually } from './support/eventually.js';
import { hasRedisServer, startRestartableRedis, type RestartableRedis } from './support/restartable-redis.js';
import { startRestartablePostgres, type RestartablePostgres } from './support/restartable-postgres.js';
import { PLATFORM, System } from './support/system.js';

const APP_PASSWORD = 'of-the-app';

/** The service's own user, who is no superuser: limits of connections do not count for those. */
async function anAppUser(adminUrl: string): Promise<string> {
  await asAdmin(
    adminUrl,
    `CREATE ROLE app LOGIN PASSWORD '${APP_PASSWORD}';
     GRANT ALL ON DATABASE retract TO app; GRANT ALL ON SCHEMA public TO app;
     GRANT ALL ON ALL TABLES IN SCHEMA public TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app`,
  );
  const url = new URL(adminUrl);
  url.username = 'app';
  url.password = APP_PASSWORD;
  return url.href;
}

async function asAdmin(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

class Lines implements LoggerService {
  readonly written: { level: string; message: string; facts: unknown }[] = [];
  private readonly write = (level: string) => (message: string, facts?: unknown) =>
    void this.written.push({ level, message, facts });
  readonly log = this.write('log');
  readonly warn = this.write('warn');
  readonly error = this.write('error');
  readonly fatal = this.write('fatal');

  take(): Lines['written'] {
    return this.written.splice(0);
  }
}

let postgres: RestartablePostgres;
let redis: RestartableRedis | undefined;
let system: System;
const lines = new Lines();

beforeAll(async () => {
  postgres = await startRestartablePostgres();
  redis = hasRedisServer ? await startRestartableRedis() : undefined;
  const url = await anAppUser(postgres.url);
  system = await System.start({
    database: { ...postgres, url },
    queueUrlFor: () => redis?.url ?? url,
    withWorker: false,
    logger: lines,
    // Lists shall wait for the database here, and not for each other.
    env: { API_DEAR_AT_ONCE_PER_KEY: '0' },
  });
  await system.registerPlatform();
});
afterAll(async () => {
  await system.close();
  await redis?.drop();
});

const platforms = () => system.call('GET', '/v1/platforms');
const ready = () => system.call('GET', '/health/ready');
const isReadyAgain = () => eventually(ready, ({ status }) => status === 200);
const isNotReady = (parts: object) =>
  eventually(
    async () => (await ready()).body,
    ({ code, parts: said }) => code === 'not_ready' && JSON.stringify(said) === JSON.stringify(parts),
  );
const up = { status: 'up' };
const down = (code: string) => ({ status: 'down', code });

it('is ready with both', async () => {
  expect(await ready()).toMatchObject({
    status: 200,
    body: { status: 'ok', info: { database: up, queue: up }, error: {} },
  });
});

describe('without the database', () => {
  let unknown: string;
  const metrics = (key = system.apiKey) =>
    system.call('GET', '/metrics', undefined, { authorization: `Bearer ${key}` });

  beforeAll(async () => {
    unknown = (await system.call('POST', '/v1/api-keys', { name: 'never used', role: 'viewer' })).body.key;
    expect((await metrics()).status).toBe(200);
    await postgres.stop();
    await isNotReady({ database: down('database_unavailable'), queue: redis ? up : down('queue_unavailable') });
  });
  afterAll(async () => {
    await postgres.start();
    await isReadyAgain();
  });

  it('readiness says so with a problem, and one line tells of all probes', async () => {
    lines.take();
    for (let i = 0; i < 5; i++) {
      const { status, headers, body } = await ready();
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'not_ready' });
    }
    expect(lines.take().filter(({ level, message }) => level === 'error' || message === 'not ready')).toEqual([]);
  });

  it.each([
    ['GET', '/v1/platforms', undefined],
    ['GET', '/v1/deletions', undefined],
    ['POST', '/v1/deletions', { merchant: 'wx2b8e51c07d3f9a64', msg_id: '1', article_idx: 1 }],
    [
      'POST',
      '/v1/takedowns',
      { reason: 'x', items: [{ merchant: 'wx2b8e51c07d3f9a64', msg_id: '1', article_idx: 1 }] },
    ],
    ['GET', '/v1/events', undefined],
    ['POST', `/v1/platforms/${PLATFORM.component_appid}/sync`, undefined],
  ])('%s %s is put off', async (method, path, body) => {
    const reply = await system.call(method, path, body);
    expect({ status: reply.status, code: reply.body.code }).toEqual({ status: 503, code: 'database_unavailable' });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(lines.take().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('the figures of the process are told to whom it has let in before, and to nobody else', async () => {
    const { status, body } = await metrics();
    expect(status).toBe(200);
    expect(body).toContain('retract_part_ready{part="database"} 0');
    expect(body).toContain('retract_http_requests_total{method="POST",route="/v1/api-keys",status="201"}');
    expect(await metrics(unknown)).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    expect(await metrics(`rk_${'x'.repeat(40)}`)).toMatchObject({ status: 503 });
  });

  it("the merchant's admin gets a page", async () => {
    const { status, headers, body } = await system.call('GET', `/authorize/${PLATFORM.component_appid}`);
    expect(status).toBe(503);
    expect(headers.get('content-type')).toContain('text/html');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toContain('现在无法完成授权');
    expect(body).not.toContain('database_unavailable');
    expect(body).toContain(headers.get('x-request-id'));
  });

  it('a push of WeChat is not taken, so that it comes again', async () => {
    const { headers, status, body } = await system.callText(
      'POST',
      `/wechat/wx0000000000000001/events?msg_signature=x&timestamp=1&nonce=1`,
      '<xml><Encrypt>AAAA</Encrypt></xml>',
      { 'content-type': 'text/xml' },
    );
    expect(status).toBe(503);
    expect(JSON.stringify(body)).not.toContain('success');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

it('takes reads and puts writes off while the database is read-only', async () => {
  const setting = (value: string) =>
    asAdmin(
      postgres.url,
      `ALTER ROLE app SET default_transaction_read_only = ${value}`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`,
    );
  await setting('on');
  const parts = await isNotReady({
    database: down('database_read_only'),
    queue: redis ? up : down('queue_read_only'),
  });
  expect(parts.detail).toContain('database (database_read_only)');
  const write = await system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, { forward_urls: [] });
  expect(write).toMatchObject({ status: 503, body: { code: 'database_read_only' } });
  expect(Number(write.headers.get('retry-after'))).toBeGreaterThan(0);

  await setting('off');
  await isReadyAgain();
  expect(await system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, { forward_urls: [] })).toMatchObject({
    status: 200,
  });
});

it('says that the connections are used up, as long as they are', async () => {
  await asAdmin(
    postgres.url,
    'ALTER ROLE app CONNECTION LIMIT 0',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`,
  );
  await eventually(platforms, ({ status, body }) => status === 503 && body.code === 'database_busy');
  expect(
    (await isNotReady({ database: down('database_busy'), queue: redis ? up : down('queue_unavailable') })).code,
  ).toBe('not_ready');
  await asAdmin(postgres.url, 'ALTER ROLE app CONNECTION LIMIT -1');
  await isReadyAgain();
  expect((await platforms()).status).toBe(200);
});

it('lets nobody wait for a connection for ever', async () => {
  const holder = new pg.Client({ connectionString: postgres.url });
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE platforms IN ACCESS EXCLUSIVE MODE');
  const asked = Array.from({ length: 30 }, platforms);
  const codes: unknown[] = [];
  for (const one of asked) void one.then(({ body }) => codes.push(body.code));
  await eventually(
    () => Promise.resolve(codes),
    ({ length }) => length === 20,
  );
  expect(new Set(codes)).toEqual(new Set(['database_busy']));
  await holder.query('COMMIT');
  await holder.end();
  expect((await Promise.all(asked)).filter(({ status }) => status === 200)).toHaveLength(10);
});

it('notices a disk that is full, as its try needs room there', async () => {
  const temporary = async () => {
    const [row] = await system.sql<{ bytes: string }>(
      `SELECT temp_bytes AS bytes FROM pg_stat_database WHERE datname = current_database()`,
    );
    return Number(row?.bytes);
  };
  const before = await temporary();
  await eventually(
    async () => (await ready(), temporary()),
    (bytes) => bytes > before,
  );
});

if (hasRedisServer) {
  describe('without the queue', () => {
    it('what needs no queue goes on, and readiness says that it is away', async () => {
      await redis?.stop();
      await isNotReady({ database: up, queue: down('queue_unavailable') });
      expect((await platforms()).status).toBe(200);
      await redis?.start();
      await isReadyAgain();
    });

    it('readiness says that it is full', async () => {
      const admin = new Redis(redis?.url ?? '');
      await admin.config('SET', 'maxmemory', '1');
      await isNotReady({ database: up, queue: down('queue_full') });
      expect((await platforms()).status).toBe(200);
      await admin.config('SET', 'maxmemory', '0');
      await isReadyAgain();
      await close(admin);
    });

    it('readiness says that it is a replica', async () => {
      const admin = new Redis(redis?.url ?? '');
      await admin.replicaof('127.0.0.1', '1');
      await isNotReady({ database: up, queue: down('queue_read_only') });
      await admin.replicaof('NO', 'ONE');
      await isReadyAgain();
      await close(admin);
    });

    it('readiness says that it lets no script run', async () => {
      const admin = new Redis(redis?.url ?? '');
      await admin.acl('SETUSER', 'default', '-eval', '-evalsha');
      await isNotReady({ database: up, queue: down('queue_refused') });
      await admin.acl('SETUSER', 'default', '+eval', '+evalsha');
      await isReadyAgain();
      await close(admin);
    });
  });
}

async function close(client: Redis): Promise<void> {
  const ended = once(client, 'end');
  client.disconnect();
  await ended;
}
