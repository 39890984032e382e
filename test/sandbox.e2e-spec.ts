import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { freePort } from './support/free-port.js';

/** Starts the built sandbox, does something with its api, and stops it as Ctrl-C would. */
async function whileItStaysUp<T>(dataDir: string, act: (url: string) => Promise<T>): Promise<T> {
  const port = String(await freePort());
  const child = spawn(process.execPath, ['dist/apps/sandbox/src/main.js'], {
    env: { PATH: process.env.PATH, RETRACT_DATA_DIR: dataDir, PORT: port, SIMULATOR_PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close');
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => (String(chunk).includes('It stays up') ? resolve() : undefined));
    void exited.then(() => reject(new Error('the sandbox has ended')));
  });
  try {
    return await act(`http://127.0.0.1:${port}`);
  } finally {
    child.kill('SIGINT');
    await exited;
  }
}

/** The built sandbox, as `npm start -- --once` runs it, with every line that it writes. */
async function startOnce(dataDir: string, options = ['--once']): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, ['dist/apps/sandbox/src/main.js', ...options], {
    env: {
      PATH: process.env.PATH,
      RETRACT_DATA_DIR: dataDir,
      PORT: String(await freePort()),
      SIMULATOR_PORT: String(await freePort()),
      LOG_LEVEL: 'verbose',
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
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
  }, 120_000);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('begins nothing when it is told what it does not know', async () => {
    const { exitCode, output } = await startOnce(dataDir, ['--once', '--nonsense']);
    expect(exitCode).toBe(2);
    expect(output).toMatch(/--nonsense[^]*Usage: npm start -- \[--once\]/);
    expect(output).not.toMatch(/ready in/);
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
  }, 120_000);

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
