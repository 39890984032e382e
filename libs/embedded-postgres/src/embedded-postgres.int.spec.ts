import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './index.js';
import { isAlive } from './system.js';

describe('embedded Postgres', () => {
  let dir: string;
  let started: EmbeddedPostgres[];
  let children: ChildProcess[];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'retract-embedded-'));
    // Root starts Postgres as another user, who has to pass through.
    chmodSync(dir, 0o711);
    started = [];
    children = [];
  });
  afterEach(async () => {
    for (const child of children) await kill(child);
    for (const postgres of started) await postgres.stop();
    await eventually(() => !isPostgresRunning());
    rmSync(dir, { recursive: true, force: true });
  });

  async function start(database = 'retract'): Promise<EmbeddedPostgres> {
    const postgres = await startEmbeddedPostgres({ dir, database, durable: false });
    started.push(postgres);
    return postgres;
  }

  async function startInAnotherProcess(): Promise<{ child: ChildProcess; url: string; adopted: boolean }> {
    const script = join(process.cwd(), 'libs/embedded-postgres/src/doomed-start.fixture.mjs');
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    for await (const line of createInterface(child.stdout)) return { child, ...JSON.parse(line) };
    throw new Error('the process ended without having started Postgres');
  }

  function postgresPid(): number {
    return Number(readFileSync(join(dir, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  function isPostgresRunning(): boolean {
    try {
      return isAlive(postgresPid());
    } catch {
      // Without a pid file there is none.
      return false;
    }
  }

  it('starts with the database that was asked for, reachable by password only', async () => {
    const { url, adopted } = await start('it"s mine');

    expect(adopted).toBe(false);
    expect(await query(url, 'SELECT current_database() AS name')).toEqual([{ name: 'it"s mine' }]);
    const stranger = new URL(url);
    stranger.password = 'guessed';
    await expect(query(stranger.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('stops once however often it is told, and finds its data at the next start', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = postgresPid();

    await Promise.all([first.stop(), first.stop()]);
    await first.stop();

    expect(isAlive(pid)).toBe(false);
    const second = await start();
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('is joined by a second start, which leaves it running and may ask for another database', async () => {
    const first = await start();

    const second = await start('another');

    expect(second).toMatchObject({ adopted: true, port: first.port });
    await second.stop();
    expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await query(second.url, 'SELECT current_database() AS name')).toEqual([{ name: 'another' }]);
  });

  it('runs once when two processes start it at the same time', async () => {
    const [one, other] = await Promise.all([startInAnotherProcess(), startInAnotherProcess()]);

    expect([one.adopted, other.adopted].toSorted()).toEqual([false, true]);
    expect(one.url).toBe(other.url);
  });

  it('ends with a process that is killed, and the next start finds its data', async () => {
    const { child, url } = await startInAnotherProcess();
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const pid = postgresPid();

    await kill(child);

    await eventually(() => !isAlive(pid));
    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('starts right after a kill, while the predecessor may still be leaving', async () => {
    const { child } = await startInAnotherProcess();
    await kill(child);

    const { url } = await start();

    await eventually(() =>
      query(url, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  });

  it('passes over the lock of a process that died, and over a pid file that names a stranger', async () => {
    const first = await start();
    await first.stop();
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(gone, 'exit');
    writeFileSync(join(dir, 'start.lock'), String(gone.pid));
    writeFileSync(join(dir, 'cluster', 'postmaster.pid'), `${gone.pid}\n${dir}\n0\n1\n\n127.0.0.1\n0\nready\n`);

    const second = await start();

    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('tells what Postgres said when it does not start', async () => {
    const wrong = startEmbeddedPostgres({ dir, database: 'retract', durable: false, settings: { no_such_thing: '1' } });
    await expect(wrong).rejects.toThrow('unrecognized configuration parameter "no_such_thing"');
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  // Postgres may be stopped under an open connection.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
  }
}
