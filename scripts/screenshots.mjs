// Writes docs/screenshots anew: every page of the console, as the first start's demo fills it, in both languages, at 1280 and at
// 390 pixels. Needs a chromium on the PATH, and fonts with Chinese: fonts-noto-cjk. `npm run screenshots -- overview` writes those
// of one page.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
const { chromium } = await import('playwright-core');
const { pages } = await import('../test/support/console-pages.mjs');

const FOLDER = 'docs/screenshots';
const LONGEST_WAIT_MS = 120_000;
const VIEWS = ['zh', 'en'].flatMap((language) => [1280, 390].map((width) => ({ language, width })));
const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find(existsSync);
if (executablePath === undefined) {
  console.error('There is no chromium on the PATH.');
  process.exit(1);
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(String(port)));
    });
  });

/** The sandbox on a database of its own. @returns its lines, once all of the demo is there, and how to stop it */
async function startSandbox(dataDir) {
  // Its own settings, whatever those of this shell are.
  const env = {
    PATH: process.env.PATH,
    RETRACT_DATA_DIR: dataDir,
    PORT: await freePort(),
    SIMULATOR_PORT: await freePort(),
  };
  const child = spawn(process.execPath, ['dist/apps/sandbox/src/main.js'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = [];
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (/^accounts\b/.test(line)) resolve();
    });
    void exited.then(() => reject(new Error(`the sandbox has ended:\n${lines.join('\n')}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { url: `http://127.0.0.1:${env.PORT}`, text: lines.join('\n'), stop };
}

/** Pages of one thing each: the newest takedown that has an end, and its like. */
async function detailPages(url, headers) {
  // The last of the demo's deletions fails some time after it was asked for.
  const first = async (path) => {
    const endsAt = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const [found] = (await (await fetch(url + path, { headers })).json()).data;
      if (found) return found;
      if (performance.now() > endsAt) throw new Error(`nothing at ${path}`);
      await delay(500);
    }
  };
  const takedown = await first('/v1/takedowns?state=finished&limit=1');
  const deletion = await first('/v1/deletions?state=failed&limit=1');
  const merchant = await first('/v1/merchants?eligible=true&limit=1');
  const platform = await first('/v1/platforms');
  return {
    takedown: `/takedowns/${takedown.id}`,
    deletion: `/deletions/${deletion.id}`,
    merchant: `/merchants/${merchant.appid}`,
    platform: `/settings/platforms/${platform.component_appid}`,
  };
}

const only = process.argv.slice(2);
const dataDir = mkdtempSync(join(tmpdir(), 'retract-screenshots-'));
// As root, Postgres runs as another user who has to reach its folder.
chmodSync(dataDir, 0o711);
mkdirSync(FOLDER, { recursive: true });
const sandbox = await startSandbox(dataDir);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const apiKey = /rk_[\w-]+/.exec(sandbox.text)?.[0];
  const all = { ...pages, ...(await detailPages(sandbox.url, { authorization: `Bearer ${apiKey}` })) };
  const wanted = Object.entries(all).filter(([name]) => only.length === 0 || only.includes(name));
  for (const { language, width } of VIEWS) {
    const context = await browser.newContext({
      viewport: { width, height: width > 600 ? 900 : 844 },
      locale: language === 'zh' ? 'zh-CN' : 'en-GB',
      timezoneId: 'Asia/Shanghai',
    });
    const page = await context.newPage();
    const signedIn = await context.request.post(`${sandbox.url}/v1/session`, {
      data: { api_key: apiKey },
      headers: { origin: sandbox.url },
    });
    if (!signedIn.ok()) throw new Error(`not signed in: ${signedIn.status()}`);
    for (const [name, path] of wanted) {
      await page.goto(`${sandbox.url}/console${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      // Until nothing is being read any more; the stream of events stays open.
      await page.locator('[role=status][aria-label]').first().waitFor({ state: 'hidden' });
      await delay(500);
      await page.screenshot({ path: `${FOLDER}/${name}-${language}-${width}.png` });
    }
    await context.close();
  }
  console.log(`${wanted.length * VIEWS.length} screenshots in ${FOLDER}`);
} finally {
  await browser.close();
  await sandbox.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
