import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { System } from './support/system.js';

const run = promisify(execFile);

/** A project of somebody who has nothing but the package. */
let project: string;
let system: System;
let apps: BuiltApp[];
let environment: Record<string, string>;
/** The examples of the README, by their headings. */
let examples: Map<string, string>;

beforeAll(async () => {
  [system, project] = await Promise.all([System.start(), mkdtemp(join(tmpdir(), 'retract-client-'))]);
  await system.registerPlatform();
  const port = await freePort();
  apps = await Promise.all([
    startBuiltApp('api', { ...system.environment, PORT: String(port) }),
    startBuiltApp('worker', system.environment),
  ]);
  await system.stopWorker();
  environment = { PATH: process.env.PATH ?? '', HOME: project };
  environment.RETRACT_URL = `http://127.0.0.1:${port}`;
  environment.RETRACT_API_KEY = system.apiKey;

  const built = join(project, 'built');
  await run(process.execPath, ['scripts/package-client.mjs', built]);
  const offline = { cwd: project, env: { ...environment, npm_config_offline: 'true', npm_config_audit: 'false' } };
  await run('npm', ['pack', built], offline);
  const [tarball = ''] = (await readdir(project)).filter((name) => name.endsWith('.tgz'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['install', `./${tarball}`], offline);
  const readme = await readFile('libs/client/README.md', 'utf8');
  examples = new Map(
    [...readme.matchAll(/^## (.*)\n(?:(?!^## )[^])*?```js\n([^]*?)```/gm)].map(([, title = '', code = '']) => [
      title,
      code,
    ]),
  );
});
afterAll(async () => {
  await Promise.all(apps.map((app) => app.end('SIGTERM')));
  await system.close();
  await rm(project, { recursive: true });
});

async function fileOf(title: string): Promise<string> {
  const code = examples.get(title);
  if (code === undefined) throw new Error(`no example under ${title}`);
  const path = join(project, `${title.replaceAll(/\W+/g, '-').toLowerCase()}.js`);
  await writeFile(path, code);
  return path;
}

/** An example as it stands. @returns what it printed, line by line */
async function runExample(title: string, ...words: string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, [await fileOf(title), ...words], { cwd: project, env: environment });
  return stdout.split('\n').slice(0, -1);
}

/** An example that does not end by itself. */
async function startExample(title: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [await fileOf(title)], {
    cwd: project,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return {
    output: () => text,
    end: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

describe('the package of the client', () => {
  it('brings what it needs', async () => {
    const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'));
    const manifest = JSON.parse(await readFile('libs/client/package.json', 'utf8'));
    expect(dependencies).toMatchObject(manifest.dependencies);
    expect(await readdir(join(project, 'node_modules'))).toEqual(expect.not.arrayContaining(['standardwebhooks']));
  });

  it('has types that a strict project can use, and runs', async () => {
    // Its author has Node's types.
    await mkdir(join(project, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'undici-types']) {
      await symlink(resolve('node_modules', name), join(project, 'node_modules', name));
    }
    await writeFile(
      join(project, 'consumer.ts'),
      `import { Retract, RetractError, type Deletion } from '@retract/client';
      const retract = new Retract({ baseUrl: process.env.RETRACT_URL!, apiKey: process.env.RETRACT_API_KEY! });
      const found: Deletion[] = [];
      for await (const deletion of retract.deletions.list({ state: 'failed' })) found.push(deletion);
      // @ts-expect-error no such state
      void retract.deletions.list({ state: 'faild' }).pages;
      // @ts-expect-error as a number it could lose digits
      void (() => retract.deletions.create({ merchant: 'wx', msg_id: 3147483661, article_idx: 1 }));
      try {
        await retract.merchants.get('wx0000000000000000');
      } catch (error) {
        if (!(error instanceof RetractError)) throw error;
        switch (error.code) {
          // @ts-expect-error no such code
          case 'merchant_missing':
          case 'merchant_not_found':
            console.log(found.length, error.code, error.retryAfter ?? 'at once');
        }
        // @ts-expect-error a field, or a line, is asked for before its members are
        for (const wrong of error.errors) console.log(wrong.line);
        for (const wrong of error.errors) console.log('field' in wrong ? wrong.field : wrong.code);
      }`,
    );
    const options = ['--strict', '--noUncheckedIndexedAccess', '--target', 'es2023', '--lib', 'es2023'];
    const tsc = [resolve('node_modules/typescript/bin/tsc'), ...options, '--module', 'nodenext', '--types', 'node'];
    await run(process.execPath, [...tsc, 'consumer.ts'], { cwd: project });
    const { stdout } = await run(process.execPath, ['consumer.js'], { cwd: project, env: environment });
    expect(stdout).toBe('0 merchant_not_found at once\n');
  });

  it('is told of in five examples', () => {
    expect(examples.size).toBe(5);
  });
});

describe('the example', () => {
  const sent = async () => {
    const merchant = await system.onboardMerchant();
    return { merchant, msgId: await system.sendMassMessage(merchant) };
  };

  it('of a deletion deletes one article and waits', async () => {
    const { merchant, msgId } = await sent();
    expect(await runExample('Delete one article and wait', merchant, msgId)).toEqual(['succeeded deleted']);
  });

  it('of a takedown says first what would happen, and then what happens', async () => {
    const { merchant, msgId } = await sent();
    const inventory = await eventually(
      () => system.call('GET', `/v1/mass-messages?merchant=${merchant}`),
      ({ body }) => body.data[0]?.articles.length > 0,
    );
    const [article] = inventory.body.data[0].articles;
    const lines = await runExample(
      'Take articles down by their links, after a dry run',
      article.url,
      'https://example.com/',
    );
    expect(lines).toEqual([
      '1 deletions for 1 merchants, 1 links refused',
      expect.stringContaining('link 2: url_not_an_article'),
      expect.stringContaining('deletion.succeeded'),
      'finished: 1 deleted, 0 not',
    ]);
    expect(msgId).toBe(inventory.body.data[0].msg_id);
  });

  it('of events goes on where it was', async () => {
    const first = await startExample('Follow events');
    await eventually(
      async () => first.output(),
      (text) => text.includes('merchant.authorized'),
    );
    // An event that was printed and is not behind the cursor yet would come twice, as the README says.
    await eventually(
      async () => {
        const cursor = await readFile(join(project, 'cursor.txt'), 'utf8').catch(() => '0.0');
        return system.sql('SELECT 1 FROM events WHERE (txid, seq) > ($1::bigint, $2::bigint)', cursor.split('.'));
      },
      (behind) => behind.length === 0,
    );
    await first.end();
    const second = await startExample('Follow events');
    const merchant = await system.onboardMerchant();
    await eventually(
      async () => second.output(),
      (text) => text.includes(merchant),
    );
    await second.end();
    expect(first.output()).not.toContain(merchant);
    const ofFirst = new Set(first.output().split('\n').filter(Boolean));
    expect(
      second
        .output()
        .split('\n')
        .filter((line) => ofFirst.has(line)),
    ).toEqual([]);
  });

  it('of merchants lists those that must authorize again', async () => {
    const appid = await system.onboardMerchant();
    await system.sql(`UPDATE merchants SET state = 'reauthorization_required' WHERE authorizer_appid = $1`, [appid]);
    const [line = '', ...more] = await runExample('List the merchants that must authorize again');
    expect(line).toMatch(new RegExp(`^${appid} .*${system.url}/`));
    expect(more).toEqual([]);
  });

  it('of webhooks takes what is signed by either secret, and nothing else', async () => {
    const secrets = ['old', 'new'].map((text) => `whsec_${Buffer.from(text.repeat(8)).toString('base64')}`);
    const PORT = String(await freePort());
    const receiver = await startExample('Verify a webhook', { PORT, RETRACT_WEBHOOK_SECRETS: secrets.join(' ') });
    const body = JSON.stringify({ id: 'e1', type: 'deletion.failed', timestamp: new Date().toISOString(), data: {} });
    const send = (secret: string, at = new Date()) =>
      fetch(`http://127.0.0.1:${PORT}/`, {
        method: 'POST',
        body,
        headers: {
          'webhook-id': 'e1',
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': new Webhook(secret).sign('e1', at, body),
        },
      }).then(
        ({ status }) => status,
        () => undefined,
      );
    const [old = '', fresh = ''] = secrets;
    await eventually(
      () => send(fresh),
      (status) => status !== undefined,
    );
    expect(await send(old)).toBe(204);
    expect(await send(fresh)).toBe(204);
    expect(await send(`whsec_${Buffer.from('another secret'.repeat(2)).toString('base64')}`)).toBe(401);
    expect(await send(fresh, new Date(Date.now() - 301_000))).toBe(401);
    expect(receiver.output()).toMatch(/^(e1 deletion\.failed\n){3}$/);
    await receiver.end();
  });
});
