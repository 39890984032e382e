import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { createEmptyDatabase, createMigratedDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { PLATFORM, System } from './support/system.js';

/** The version before this one. Until versions have tags, a commit from before the migrations of this one. */
const BEFORE = 'a1f9a2312020';
const isThere = spawnSync('git', ['cat-file', '-e', `${BEFORE}^{commit}`]).status === 0;
const title = isThere ? 'an upgrade' : `an upgrade (no commit ${BEFORE} in this clone)`;

interface Target {
  merchant: string;
  msgId: string;
}

(isThere ? describe : describe.skip)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'retract-before-'));
  const apps = new Set<BuiltApp>();
  /** What processes of the version before complain of. */
  const complaints: string[] = [];
  let empty: TestDatabase;
  let migrated: TestDatabase;
  let system: System;
  let targets: Target[];

  beforeAll(async () => {
    build();
    [empty, migrated] = await Promise.all([createEmptyDatabase(), createMigratedDatabase()]);
    const database = { ...migrated };
    system = await System.start({ database, withWorker: false });
    // What else is asked for goes to the version before, at the same address.
    await system.api.close();
    database.url = empty.url;
  });
  afterAll(async () => {
    await Promise.all([...apps].map((app) => app.end('SIGKILL')));
    await system.simulator.close();
    await Promise.all([empty.drop(), migrated.drop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** The version before, with the packages of its own lockfile; what builds it is of this one. */
  function build(): void {
    const run = (command: string) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
    };
    run(`git -C ${process.cwd()} archive ${BEFORE} | tar -x`);
    run('npm ci --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error');
    run(`${join(process.cwd(), 'node_modules/.bin/nest')} build --all --silent`);
  }

  async function start(app: 'api' | 'worker', settings: Record<string, string> = {}, isBefore = false) {
    const environment = {
      ...system.environment,
      DATABASE_URL: empty.url,
      QUEUE_URL: '',
      WORKER_CONCURRENCY: '2',
      ...settings,
    };
    const onLine = (line: string) => {
      if (isBefore && /"level":"(error|fatal)"/.test(line)) complaints.push(line);
    };
    const started = await startBuiltApp(app, environment, onLine, isBefore ? folder : undefined);
    apps.add(started);
    return started;
  }
  async function stop(app: BuiltApp): Promise<void> {
    expect(await app.end('SIGTERM')).toBe(0);
    apps.delete(app);
  }

  const at = (port: string) => `http://127.0.0.1:${port}`;
  async function call(url: string, method: string, path: string, body?: unknown): Promise<any> {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }
  async function post(url: string, some: Target[]): Promise<string[]> {
    const ids: string[] = [];
    for (const { merchant, msgId } of some) {
      ids.push((await call(url, 'POST', '/v1/deletions', { merchant, msg_id: msgId, whole_message: true })).id);
    }
    return ids;
  }

  it('loses nothing and does nothing twice while both versions run side by side under load', async () => {
    const before = [await start('api', {}, true), await start('worker', {}, true)];
    await system.control('POST', 'platforms', {
      ...PLATFORM,
      events_url: `${system.url}/wechat/${PLATFORM.component_appid}/events`,
      messages_url: `${system.url}/wechat/${PLATFORM.component_appid}/messages/$APPID$`,
    });
    await call(system.url, 'POST', '/v1/platforms', PLATFORM);
    await eventually(
      () => call(system.url, 'GET', `/v1/platforms/${PLATFORM.component_appid}`),
      ({ ticket_received_at }) => ticket_received_at !== null,
    );
    targets = (await system.grantedMerchants(40, 3)).flatMap(({ merchant, msgId }) =>
      [0n, 1n, 2n].map((n) => ({ merchant, msgId: String(BigInt(msgId) + n) })),
    );
    const take = (count: number) => targets.splice(0, count);
    const all = [...targets];
    const slow = (latency: object | null) => system.control('PUT', 'latencies', { operation: 'mass/delete', latency });
    await slow({ distribution: 'fixed', ms: 500 });

    // The new version migrates, and starts, while the old one works.
    const port = String(await freePort());
    const [ids, ...after] = await Promise.all([
      post(system.url, take(40)),
      start('api', { PORT: port }),
      start('worker'),
    ]);
    // Both at once.
    ids.push(...(await Promise.all([post(system.url, take(20)), post(at(port), take(20))])).flat());
    for (const app of before) await stop(app);
    await slow(null);
    ids.push(...(await post(at(port), take(40))));
    expect(targets).toEqual([]);

    const ended = () =>
      system.sql<{ state: string; count: number }>(
        'SELECT state, count(*)::int FROM deletions WHERE id = ANY($1) GROUP BY state',
        [ids],
      );
    await eventually(ended, ([one]) => one?.state === 'succeeded' && one.count === all.length);
    for (const { merchant, msgId } of all) {
      const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
      expect(message).toMatchObject({ delete_calls: 1, delete_effects: 1 });
    }
    expect(complaints).toEqual([]);
    for (const app of after) await stop(app);
  });
});
