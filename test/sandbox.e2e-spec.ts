import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { whileItStaysUp } from './support/sandbox.js';

/** The built sandbox, as `npm start -- --once` runs it, with every line that it writes. */
async function startOnce(
  dataDir: string,
  options = ['--once'],
  settings: Record<string, string> = {},
): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, ['dist/apps/sandbox/src/main.js', ...options], {
    env: {
      PATH: process.env.PATH,
      RETRACT_DATA_DIR: dataDir,
      PORT: String(await freePort()),
      SIMULATOR_PORT: String(await freePort()),
      LOG_LEVEL: 'verbose',
      ...settings,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
}

/** What the api answers to the key of the sandbox's owner. */
async function read(dataDir: string, url: string): Promise<any> {
  const key = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  return (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).json();
}

/** Every secret that the simulated WeChat knows by the end: app secret, keys, tickets, codes, tokens old and new. */
function secretsOfWechat(dataDir: string): string[] {
  const world = deserialize(readFileSync(join(dataDir, 'simulated-wechat')));
  const platforms = [...world.platforms.values()];
  const grants = platforms.flatMap((platform) => [...platform.grants.values()]);
  return [
    ...platforms.flatMap(({ appSecret, token, encodingAesKey, tickets }) => [
      appSecret,
      token,
      encodingAesKey,
      ...tickets.keys(),
    ]),
    ...grants.flatMap(({ refreshToken, oldRefreshTokens }) => [
      refreshToken,
      ...oldRefreshTokens.map(({ value }: { value: string }) => value),
    ]),
    ...world.tokens.keys(),
    ...world.preAuthCodes.keys(),
    ...world.authCodes.keys(),
  ];
}

describe('the sandbox', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'retract-sandbox-'));
  // As root, Postgres runs as another user who has to reach its folder.
  chmodSync(dataDir, 0o711);
  const runs: Awaited<ReturnType<typeof startOnce>>[] = [];

  beforeAll(async () => {
    runs.push(await startOnce(dataDir), await startOnce(dataDir));
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('begins nothing when it is told what it does not know', async () => {
    const { exitCode, output } = await startOnce(dataDir, ['--once', '--nonsense']);
    expect(exitCode).toBe(2);
    expect(output).toMatch(/--nonsense[^]*Usage: npm start -- \[--once\]/);
    expect(output).not.toMatch(/ready in/);
  });

  it('says in one line what it cannot use', async () => {
    const DATABASE_URL = 'postgres://u:p@127.0.0.1:1/retract';
    const away = await startOnce(dataDir, ['--once'], { DATABASE_URL });
    expect(away.output).toMatch(/^The database of DATABASE_URL does not answer or refuses /m);
    const nowhere = await startOnce('package.json/data');
    expect(nowhere.output).toMatch(/^RETRACT_DATA_DIR cannot be used /m);
    expect([away.exitCode, nowhere.exitCode]).toEqual([1, 1]);
    expect(away.output + nowhere.output).not.toMatch(/^\s+at /m);
  });

  it('starts again after its user has registered a platform, as the README shows', async () => {
    const registered = await whileItStaysUp(dataDir, (url) =>
      fetch(`${url}/v1/platforms`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${readFileSync(join(dataDir, 'api-key'), 'utf8').trim()}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          component_appid: 'wx6b2f9d40c3a1e875',
          app_secret: '0c79eb6a5c9b4c1a8d2e3f4a5b6c7d8e',
          token: 'aTokenForPushes',
          encoding_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
        }),
      }),
    );
    expect(registered.status).toBe(201);
    const { exitCode, output } = await startOnce(dataDir);
    expect(output).toContain('Everything came out as told.');
    expect(exitCode).toBe(0);
  });

  it('prints a link that signs in once, which the next start prints anew, and an article to look at', async () => {
    const once = async () =>
      whileItStaysUp(dataDir, async (url, output) => {
        const [, token = ''] = new RegExp(`^console +${url}/console/#token=(\\S+)$`, 'm').exec(output) ?? [];
        const statuses = [];
        for (let tried = 0; tried < 2; tried++) {
          const reply = await fetch(`${url}/v1/session`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', origin: url },
            body: JSON.stringify({ sign_in_token: token }),
          });
          statuses.push(reply.status);
        }
        const [, article = ''] = /^article +(\S+)$/m.exec(output) ?? [];
        return { token, statuses, page: await (await fetch(article)).text() };
      });
    const [first, second] = [await once(), await once()];
    expect([first.statuses, second.statuses]).toEqual([
      [200, 401],
      [200, 401],
    ]);
    expect(first.token).not.toBe(second.token);
    expect(first.page).toContain('Spring teas');
  });

  it('plays the whole story, twice, and ends well', () => {
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    for (const { output } of runs) {
      expect(output).toContain('Everything came out as told.');
      expect(output).toContain('succeeded, proof: acknowledged');
      expect(output).not.toContain('✗');
    }
  });

  it('finds its data again on the second start', () => {
    expect(runs[0]?.output).toContain('none: this is the first start');
    expect(runs[1]?.output).toContain('3 merchants and 2 deletions');
  });

  it('writes no secret that was used, in any log line of any level', () => {
    const output = runs.map((run) => run.output).join('\n');
    const secrets = [
      ...secretsOfWechat(dataDir),
      readFileSync(join(dataDir, 'master-keys'), 'utf8').trim().replace('local:', ''),
      readFileSync(join(dataDir, 'postgres', 'password'), 'utf8').trim(),
    ];
    expect(secrets.length).toBeGreaterThan(20);
    // As it is, and as it would stand in a URL.
    const leaked = secrets.filter((secret) => output.includes(secret) || output.includes(encodeURIComponent(secret)));
    expect(leaked).toEqual([]);
  });

  it('shows the API key to its owner, but never logs it', () => {
    const apiKey = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
    const lines = runs.flatMap(({ output }) => output.split('\n')).filter((line) => line.includes(apiKey));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['API', 'try', 'API', 'try']);
  });

  it('carries one request id from the request through the job to the call to WeChat', () => {
    const lines = (runs[0]?.output ?? '').split('\n').filter((line) => line.startsWith('{'));
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const deletion = records.find(({ message }) => message === 'deletion accepted');
    expect(deletion?.request_id).toEqual(expect.any(String));
    const sameId = records.filter(({ request_id }) => request_id === deletion?.request_id);
    expect(sameId.map(({ message, operation }) => operation ?? message)).toEqual(
      expect.arrayContaining(['deletion accepted', 'mass/delete', 'deletion finished']),
    );
  });
});

describe('the demo data of the sandbox', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'retract-demo-data-'));
  chmodSync(dataDir, 0o711);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  const merchantsAt = async (url: string) => (await read(dataDir, `${url}/v1/merchants?limit=200`)).data as any[];
  const simulatorIn = (output: string) => /^WeChat +(\S+)/m.exec(output)?.[1] ?? '';
  const takedownsAt = async (url: string) => (await read(dataDir, `${url}/v1/takedowns`)).data as any[];
  const states = (rows: { state: string }[]) => rows.map(({ state }) => state).sort();

  it('is made once, although a start is stopped while it makes it, and is worth a look', async () => {
    const demoData = true;
    await whileItStaysUp(
      dataDir,
      async (_url, output) => {
        const simulator = simulatorIn(output);
        const accountsMade = async () =>
          ((await (await fetch(`${simulator}/merchants`)).json()) as { total_count: number }).total_count;
        await eventually(accountsMade, (count) => count > 10);
      },
      // A kill would have the simulated WeChat forget its last grants, which the real one does not.
      { demoData },
    );
    const made = await whileItStaysUp(
      dataDir,
      async (url, output) => {
        const merchants = await eventually(
          () => merchantsAt(url),
          (found) => found.some(({ state }) => state === 'unauthorized'),
        );
        const takedowns = await eventually(
          () => takedownsAt(url),
          (found) => found.some(({ state }) => state === 'finished'),
        );
        const failed = await eventually(
          () => read(dataDir, `${url}/v1/deletions?state=failed`),
          ({ data }) => data.length === 1,
        );
        const attempts = await read(dataDir, `${url}/v1/deletions/${failed.data[0].id}/attempts`);
        const waiting = await read(dataDir, `${url}/v1/deletions?state=waiting`);
        // As if this start had been stopped just before the end.
        const left = merchants.find(({ state }) => state === 'unauthorized');
        await fetch(`${simulatorIn(output)}/consents`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            component_appid: left.component_appid,
            authorizer_appid: left.appid,
            permission_sets: [1, 7, 11],
          }),
        });
        await eventually(
          () => merchantsAt(url),
          (found) => found.every(({ state }) => state === 'authorized'),
        );
        return { merchants, takedowns, attempts: attempts.data, waiting: waiting.data };
      },
      { demoData, lastLine: 'accounts' },
    );
    const reasons = made.merchants.flatMap((merchant) => merchant.ineligible_reasons as string[]);
    expect(made.merchants).toHaveLength(63);
    expect([...new Set(reasons)].sort()).toEqual([
      'account_frozen',
      'not_verified',
      'permission_set_7_not_granted',
      'unauthorized',
    ]);
    expect(states(made.takedowns)).toEqual(['finished', 'running']);
    expect(made.attempts.filter(({ op }: any) => op === 'mass/delete').map(({ errcode }: any) => errcode)).toEqual([
      null,
      -1,
      40204,
    ]);
    expect(made.waiting.map((deletion: any) => deletion.waiting_for)).toContain('daily_quota');

    const again = await whileItStaysUp(
      dataDir,
      async (url) => {
        await eventually(
          () => merchantsAt(url),
          (found) => found.some(({ state }) => state === 'unauthorized'),
        );
        const dry = await fetch(`${url}/v1/takedowns`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${readFileSync(join(dataDir, 'api-key'), 'utf8').trim()}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ label: '春季联合活动', article_idx: 1, dry_run: true }),
        });
        return { dry: (await dry.json()) as { deletions: number }, takedowns: await takedownsAt(url) };
      },
      { demoData, lastLine: 'accounts' },
    );
    expect(again.dry.deletions).toBeGreaterThanOrEqual(50);
    expect(states(again.takedowns)).toEqual(['finished', 'running']);
  });
});
