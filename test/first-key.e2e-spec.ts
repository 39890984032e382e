import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createMigratedDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';

describe('a first start without BOOTSTRAP_API_KEY', () => {
  let database: TestDatabase;
  let dir: string;
  const masterKeys = `k1:${randomBytes(32).toString('base64')}`;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    dir = mkdtempSync(join(tmpdir(), 'retract-first-key-'));
  });
  afterEach(async () => {
    await database.drop();
    rmSync(dir, { recursive: true });
  });

  async function start(settings: Record<string, string> = {}) {
    const port = await freePort();
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      MASTER_KEYS: masterKeys,
      PORT: String(port),
      ...settings,
    };
    const main = join(process.cwd(), 'dist/apps/api/src/main.js');
    const child = spawn(process.execPath, [main], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const told = { child, port, out: '', exit: once(child, 'exit') };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told.out += String(chunk)));
    return told;
  }

  async function keysInDatabase(): Promise<number> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ count: number }>('SELECT count(*)::int FROM api_keys');
      return rows[0]?.count ?? -1;
    } finally {
      await client.end();
    }
  }

  it('makes one key, of several processes, and puts it into a file of its owner alone', async () => {
    const processes = [await start(), await start()];
    try {
      await eventually(
        () => Promise.resolve(processes.map(({ out }) => out)),
        (outs) => outs.every((out) => out.includes('api listens')),
      );
      expect(readdirSync(dir)).toEqual(['first-admin-key']);
      const file = join(dir, 'first-admin-key');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const key = readFileSync(file, 'utf8').trim();
      const all = processes.map(({ out }) => out).join('');
      expect(all).not.toContain(key);
      expect(all.match(/the first API key/g)).toHaveLength(1);
      expect(all).toContain(file);
      for (const { port } of processes) {
        const headers = { authorization: `Bearer ${key}` };
        const answer = await fetch(`http://127.0.0.1:${port}/v1/api-keys`, { headers });
        expect(await answer.json()).toMatchObject({ data: [{ name: 'first', role: 'admin', state: 'active' }] });
      }
    } finally {
      for (const { child, exit } of processes) {
        child.kill('SIGTERM');
        await exit;
      }
    }
  });

  it('ends, and makes no key, where the file cannot be written or is there already', async () => {
    writeFileSync(join(dir, 'taken'), 'of somebody');
    for (const [file, why] of [
      ['no/such/place', 'ENOENT'],
      ['taken', 'is there already'],
    ] as const) {
      const told = await start({ FIRST_KEY_FILE: file });
      expect(await told.exit).toEqual([1, null]);
      const lines = told.out.trim().split('\n');
      const { message, reason, level } = JSON.parse(lines.at(-1) ?? '');
      expect({ message, level }).toEqual({ message: 'the start has ended', level: 'fatal' });
      for (const part of ['FIRST_KEY_FILE', join(dir, file), why, 'BOOTSTRAP_API_KEY']) expect(reason).toContain(part);
    }
    expect(await keysInDatabase()).toBe(0);
    expect(readFileSync(join(dir, 'taken'), 'utf8')).toBe('of somebody');
    expect(existsSync(join(dir, 'no'))).toBe(false);
  });
});
