// Boots the built apps as processes of their own, as a deployment does, and deletes one message through them.
// It speaks HTTP only: what it needs of a database comes from the embedded Postgres.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../dist/libs/embedded-postgres/src/index.js';

const PLATFORM = {
  component_appid: 'wx0123456789abcdef',
  app_secret: randomBytes(16).toString('hex'),
  token: randomBytes(12).toString('hex'),
  encoding_aes_key: randomBytes(64)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 43),
};

const dir = mkdtempSync(join(tmpdir(), 'retract-smoke-'));
chmodSync(dir, 0o711);
const postgres = await startEmbeddedPostgres({ dir: join(dir, 'postgres'), database: 'retract', durable: false });
const [apiPort, workerPort, simulatorPort] = [await freePort(), await freePort(), await freePort()];
const apiUrl = `http://127.0.0.1:${apiPort}`;
const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
const env = {
  PATH: process.env.PATH,
  DATABASE_URL: postgres.url,
  PORT: String(apiPort),
  WORKER_PORT: String(workerPort),
  PUBLIC_URL: apiUrl,
  MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  BOOTSTRAP_API_KEY: `rk_${randomBytes(32).toString('base64url')}`,
  WECHAT_API_URL: simulatorUrl,
  WECHAT_MP_URL: simulatorUrl,
  WECHAT_OPEN_URL: simulatorUrl,
  SIMULATOR_PORT: String(simulatorPort),
  LOG_LEVEL: 'warn',
};
const apps = ['simulator', 'api', 'worker']
  .map((name) => ({
    name,
    child: spawn(process.execPath, [`dist/apps/${name}/src/main.js`], { env, stdio: ['ignore', 'ignore', 'inherit'] }),
  }))
  .map((app) => ({ ...app, exit: once(app.child, 'exit') }));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const { child } of apps) child.kill('SIGKILL');
    process.exit(1);
  });
}

try {
  await until('the apps answer', async () => {
    const ready = [apiUrl, `http://127.0.0.1:${workerPort}`].map((url) => fetch(`${url}/health/ready`));
    const answers = await Promise.all([...ready, fetch(`${simulatorUrl}/_control/platforms`)]);
    return answers.every((answer) => answer.ok);
  });
  // In this order, so that the first push of the ticket is accepted.
  await api('POST', '/v1/platforms', PLATFORM);
  await control('POST', 'platforms', {
    ...PLATFORM,
    events_url: `${apiUrl}/wechat/${PLATFORM.component_appid}/events`,
    messages_url: `${apiUrl}/wechat/${PLATFORM.component_appid}/messages/$APPID$`,
  });
  await until('the ticket comes', async () => {
    const platform = await api('GET', `/v1/platforms/${PLATFORM.component_appid}`);
    return platform.ticket_received_at !== null;
  });
  const { appid } = await control('POST', 'merchants', {});
  const clicked = await fetch(`${apiUrl}/authorize/${PLATFORM.component_appid}`, { method: 'POST' });
  const page = await clicked.text();
  const link = /href="([^"]*componentloginpage[^"]*)"/.exec(page)[1].replaceAll('&amp;', '&');
  await control('POST', 'consents', { link, authorizer_appid: appid, follow_redirect: true });
  const { data } = await control('POST', `merchants/${appid}/mass-messages`, { push: false });
  const { id } = await api('POST', '/v1/deletions', { merchant: appid, msg_id: data[0].msg_id, whole_message: true });
  await until('the deletion succeeds', async () => {
    const { state } = await api('GET', `/v1/deletions/${id}`);
    if (state === 'failed') throw new Error('the deletion failed');
    return state === 'succeeded';
  });
  const message = await control('GET', `merchants/${appid}/mass-messages/${data[0].msg_id}`);
  if (message.status !== 'DELETE') throw new Error(`the message is ${message.status}`);
  for (const { name, child, exit } of [...apps].reverse()) {
    child.kill('SIGTERM');
    const [code] = await exit;
    if (code !== 0) throw new Error(`${name} ended with ${code} after SIGTERM`);
  }
  console.log('the built apps booted, deleted one message, and stopped when told');
} finally {
  for (const { child } of apps) child.kill('SIGKILL');
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}

function api(method, path, body) {
  return request(method, apiUrl + path, body, { authorization: `Bearer ${env.BOOTSTRAP_API_KEY}` });
}

function control(method, path, body) {
  return request(method, `${simulatorUrl}/_control/${path}`, body);
}

async function request(method, url, body, headers = {}) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function until(what, isSo) {
  const giveUpAt = performance.now() + 60_000;
  for (;;) {
    // Refused connections are part of starting up.
    if (await isSo().catch((error) => (error instanceof TypeError ? false : Promise.reject(error)))) return;
    if (performance.now() > giveUpAt) throw new Error(`waited too long until ${what}`);
    await delay(50);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
