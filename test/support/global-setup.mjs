// Plain ESM against dist: jest applies moduleNameMapper to tests, not to globalSetup.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../dist/libs/database/src/index.js';
import { startEmbeddedPostgres } from '../../dist/libs/embedded-postgres/src/index.js';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** The Redis that tests use, if there is one: REDIS_URL, else a `redis-server` from the PATH, else none. */
async function startRedis(dir) {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL };
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  for await (const chunk of child.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  return { url: `redis://127.0.0.1:${port}`, child };
}

export default async function setup() {
  const t0 = Date.now();
  const dir = mkdtempSync(join(tmpdir(), 'retract-test-'));
  chmodSync(dir, 0o711);
  const postgres = process.env.TEST_DATABASE_URL
    ? undefined
    : await startEmbeddedPostgres({
        dir: join(dir, 'postgres'),
        database: 'retract_template',
        durable: false,
        settings: { max_connections: '300' },
      });
  process.env.TEST_TEMPLATE_URL = process.env.TEST_DATABASE_URL ?? postgres.url;
  await migrate(process.env.TEST_TEMPLATE_URL);
  const redis = await startRedis(dir);
  if (redis) process.env.TEST_REDIS_URL = redis.url;
  globalThis.__servers = { dir, postgres, redis };
  console.log(
    `\ntest servers ready in ${Date.now() - t0} ms: ${postgres ? 'embedded PostgreSQL' : 'PostgreSQL of TEST_DATABASE_URL'}, ` +
      (redis
        ? `Redis (${process.env.REDIS_URL ? 'of REDIS_URL' : 'redis-server found on the PATH'})`
        : 'no Redis (no REDIS_URL, no redis-server): the Redis backend is not tested'),
  );
  for (const program of ['redis-server', 'pgbouncer', 'nginx']) {
    if (spawnSync(program, ['-v']).error) console.log(`no ${program} on the PATH: tests that start one are skipped`);
  }
}
