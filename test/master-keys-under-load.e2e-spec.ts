import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { System } from './support/system.js';

const MERCHANTS = 24;
/** WeChat takes ten calls a day: a call whose token ran out meanwhile is one of them, and is made again. */
const MESSAGES = 5;
const [k1, k2] = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`);

describe('a master key that is retired while deletions go on', () => {
  let system: System;
  const apps: BuiltApp[] = [];

  beforeAll(async () => {
    // Every process can open what will be sealed with the new key.
    system = await System.start({
      withWorker: false,
      env: { MASTER_KEYS: `${k1},${k2}`, DEFAULT_DAILY_QUOTA: '1000' },
    });
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.end('SIGKILL')));
    await system.close();
  });

  async function start(app: 'api' | 'worker', masterKeys: string): Promise<BuiltApp & { url: string }> {
    const port = await freePort();
    const started = await startBuiltApp(app, {
      ...system.environment,
      MASTER_KEYS: masterKeys,
      PORT: String(port),
    });
    apps.push(started);
    return { ...started, url: `http://127.0.0.1:${port}` };
  }

  const run = (program: string, masterKeys: string) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const env = { PATH: process.env.PATH, DATABASE_URL: system.environment.DATABASE_URL, MASTER_KEYS: masterKeys };
      execFile(process.execPath, [`dist/apps/api/src/${program}.js`], { env }, (error, out, err) =>
        resolve({ code: error ? error.code : 0, out, err }),
      );
    });

  async function accept(url: string, target: object): Promise<string> {
    const answer = await fetch(`${url}/v1/deletions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
      body: JSON.stringify(target),
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  }

  it('loses no token and no deletion, and spends none twice', async () => {
    const both = `${k2},${k1}`;
    const before = await start('worker', `${k1},${k2}`);
    await system.registerPlatform();
    const merchants = (await system.grantedMerchants(MERCHANTS, MESSAGES)).map(({ merchant }) => merchant);
    const targets = [];
    for (const merchant of merchants) {
      const { data } = await system.control('GET', `merchants/${merchant}/mass-messages`);
      for (const { msg_id } of data) targets.push({ merchant, msg_id: String(msg_id), whole_message: true });
    }
    expect(targets).toHaveLength(MERCHANTS * MESSAGES);

    const between = [await start('api', both), await start('worker', both)] as const;
    expect(await before.end('SIGTERM')).toBe(0);
    let url = between[0].url;
    const ids: string[] = [];
    const load = (async () => {
      for (const target of targets) {
        ids.push(await accept(url, target));
        // Tokens are minted, and with them refresh tokens written, all the time.
        await system.sql(`UPDATE access_tokens SET use_until = now()`);
        await delay(50);
      }
    })();

    const resealed = await eventually(
      () => run('reseal', both),
      ({ code }) => code === 0,
    );
    expect(resealed.out).toContain('k1 can go: no row needs it.');
    expect(ids.length).toBeLessThan(targets.length);

    const after = [await start('api', k2 ?? ''), await start('worker', k2 ?? '')] as const;
    url = after[0].url;
    expect(await between[1].end('SIGTERM')).toBe(0);
    await load;
    expect(await between[0].end('SIGTERM')).toBe(0);

    expect(new Set(ids).size).toBe(targets.length);
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
    for (const { merchant, msg_id } of targets) {
      const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msg_id}`);
      expect(message).toMatchObject({ delete_effects: 1 });
    }
    expect(await run('keys', k2 ?? '')).toMatchObject({ code: 0, err: '' });
    expect(await system.sql(`SELECT authorizer_appid FROM merchants WHERE state <> 'authorized'`)).toEqual([]);
  });

  it('is refused by the command when a key is missing, and tells which rows need it', async () => {
    const { code, out, err } = await run('reseal', `k3:${randomBytes(32).toString('base64')}`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('Key "k2" is missing. Rows that need it: ');
    expect(await run('reseal', 'no key')).toMatchObject({ code: 2, err: expect.stringContaining('MASTER_KEYS') });
  });
});
