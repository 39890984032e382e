import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { createEmptyDatabase, type TestDatabase } from './support/database.js';
import { replay, type Image } from './support/dockerfile.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';

/** Nobody's user and group, who owns nothing. */
const AS_NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
const isRoot = process.getuid?.() === 0 && !spawnSync('setpriv', ['--version']).error;
const title = isRoot ? 'the image' : 'the image (only root, with setpriv, can start it as somebody without rights)';

(isRoot ? describe : describe.skip)(title, () => {
  let dir: string;
  let image: Image;
  let database: TestDatabase;
  const role = `image_${randomUUID().replaceAll('-', '')}`;
  const children: ChildProcess[] = [];
  let settings: Record<string, string>;
  let ports: { api: string; worker: string; simulator: string };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'retract-image-'));
    chmodSync(dir, 0o755);
    image = replay('Dockerfile', dir);
    rmSync(join(dir, 'build'), { recursive: true });
    spawnSync('chmod', ['-R', 'a-w', image.root]);
    database = await createEmptyDatabase();
    const password = randomBytes(12).toString('hex');
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = password;
    ports = { api: String(await freePort()), worker: String(await freePort()), simulator: String(await freePort()) };
    settings = {
      DATABASE_URL: url.href,
      MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      BOOTSTRAP_API_KEY: `rk_${randomBytes(32).toString('hex')}`,
    };
  }, 900_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await sql(`DROP OWNED BY ${role}`);
    await database.drop();
    const server = new pg.Client({ connectionString: new URL('/postgres', database.url).href });
    await server.connect();
    await server.query(`DROP ROLE ${role}`).finally(() => server.end());
    rmSync(dir, { recursive: true, force: true });
  });

  async function sql(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }

  /** As a container would be started of it, by a user without rights. */
  function start([program = '', ...words]: string[], environment: Record<string, string> = {}) {
    const path = `${join(image.root, 'usr/local/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
    const child = spawn('setpriv', [...AS_NOBODY, program, ...words], {
      cwd: join(image.root, image.workdir),
      env: { PATH: path, ...image.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const told = { child, out: '', end: once(child, 'close').then(() => child.exitCode) };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told.out += String(chunk)));
    return told;
  }

  async function run(command: string[], environment: Record<string, string> = {}) {
    const told = start(command, environment);
    return { code: await told.end, out: told.out };
  }

  const answers = (environment: Record<string, string>) =>
    eventually(
      () => run(image.healthcheck, environment),
      ({ code }) => code === 0,
    );

  it('has no file that whoever runs it may write', async () => {
    const { code, out } = await run(['find', image.root, '-writable', '-not', '-type', 'l']);
    expect({ code, out }).toEqual({ code: 0, out: '' });
  });

  it('has a bill of what is in it, without what only building and testing need', () => {
    const workdir = join(image.root, image.workdir);
    const bill = JSON.parse(readFileSync(join(workdir, 'sbom.json'), 'utf8'));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'retract' } } });
    const named: string[] = bill.components.map(({ purl }: { purl: string }) => decodeURIComponent(purl));
    const lock = JSON.parse(readFileSync(join(workdir, 'node_modules/.package-lock.json'), 'utf8'));
    const there = Object.entries<any>(lock.packages).map(
      ([path, { version }]) => `pkg:npm/${path.split('node_modules/').at(-1)}@${version}`,
    );
    expect([...new Set(named)].toSorted()).toEqual([...new Set(there)].toSorted());
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    const names = new Set(named.map((purl) => purl.slice('pkg:npm/'.length, purl.lastIndexOf('@'))));
    for (const name of ['jest', 'typescript', 'eslint', 'react'])
      expect(name in devDependencies && names.has(name)).toBe(false);
    expect(bill.components.filter(({ licenses }: any) => !licenses?.length)).toEqual([]);
  });

  it('has the command line', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await run(['retract', '--version'])).toEqual({ code: 0, out: `${version}\n` });
  });

  it('starts nothing on a database that its owner has not migrated, and says why', async () => {
    const { code, out } = await run(image.cmd, { ...settings, PORT: ports.api });
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('permission denied') });
  });

  it('runs api and worker, which write no file, once the owner has migrated by its command line', async () => {
    const migrated = await run(['retract', 'admin', 'migrate'], { ...settings, MIGRATION_DATABASE_URL: database.url });
    expect(migrated).toEqual({ code: 0, out: expect.stringContaining('the database is as this version needs it') });
    const api = start(image.cmd, { ...settings, PORT: ports.api });
    const workerCommand = image.cmd.map((word) => word.replace('apps/api', 'apps/worker'));
    const worker = start(workerCommand, { ...settings, WORKER_PORT: ports.worker });
    await answers({ PORT: ports.api });
    // Nobody listens on the first one: in a worker's container there is no api.
    const none = String(await freePort());
    await answers({ PORT: none, WORKER_PORT: ports.worker });
    expect((await run(image.healthcheck, { PORT: none, WORKER_PORT: none })).code).toBe(1);
    const asked = { RETRACT_URL: `http://127.0.0.1:${ports.api}`, RETRACT_API_KEY: settings.BOOTSTRAP_API_KEY ?? '' };
    expect(await run(['retract', 'merchants', '--json'], asked)).toMatchObject({ code: 0 });
    for (const { child, end } of [api, worker]) {
      child.kill('SIGTERM');
      expect(await end).toBe(0);
    }
    expect([api.out, worker.out].join('')).not.toMatch(/EROFS|EACCES/);
  });

  it('runs the simulator', async () => {
    const command = image.cmd.map((word) => word.replace('apps/api', 'apps/simulator'));
    const simulator = start(command, { SIMULATOR_PORT: ports.simulator });
    const isUp = () => fetch(`http://127.0.0.1:${ports.simulator}/_control/platforms`).catch(() => undefined);
    await eventually(isUp, (answer) => answer?.status === 200);
    simulator.child.kill('SIGTERM');
    expect(await simulator.end).toBe(0);
  });
});
