import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/** A Postgres of Debian's package, which has programs that the embedded one lacks: pg_dump and its like. */
export interface DebianPostgres {
  /** Where its programs are. */
  bin: string;
  url(database: string, role?: string): string;
  /** As the superuser. */
  sql(statement: string): Promise<void>;
  drop(): Promise<void>;
}

const ROOT = '/usr/lib/postgresql';
const versions = existsSync(ROOT) ? readdirSync(ROOT).filter((one) => existsSync(join(ROOT, one, 'bin/postgres'))) : [];
const newest = versions.toSorted((one, other) => Number(other) - Number(one))[0];

/** Where the machine has none, its tests say so and are skipped. */
export const describeWithDebianPostgres = (title: string, tests: () => void): void =>
  newest ? describe(title, tests) : describe.skip(`${title} (no PostgreSQL of Debian's)`, tests);

export async function startDebianPostgres(): Promise<DebianPostgres> {
  const bin = join(ROOT, newest ?? '', 'bin');
  const dir = mkdtempSync(join(tmpdir(), 'retract-debian-'));
  // It refuses to be root.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (nobody.uid) chownSync(dir, nobody.uid, nobody.gid);
  const options = { ...nobody, cwd: dir, env: { LC_ALL: 'C', TZ: 'UTC' } };
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', join(dir, 'cluster'), '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync'],
    options,
  );
  if (made.status !== 0) throw new Error(`initdb: ${String(made.stderr)}`);
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=200'];
  const child = spawn(
    join(bin, 'postgres'),
    ['-D', join(dir, 'cluster'), '-p', String(port), ...settings.flatMap((one) => ['-c', one])],
    { ...options, stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  const url = (database: string, role = 'postgres') => `postgres://${role}@127.0.0.1:${port}/${database}`;
  const sql = async (statement: string) => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  const isUp = () =>
    sql('SELECT 1').then(
      () => true,
      () => child.exitCode !== null,
    );
  await eventually(isUp, Boolean);
  return {
    bin,
    url,
    sql,
    drop: async () => {
      child.kill('SIGINT');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
