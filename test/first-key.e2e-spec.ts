import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createMigratedDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';

it('prints a first key once, when several processes start on a database that has none', async () => {
  const database = await createMigratedDatabase();
  const ports = [await freePort(), await freePort()];
  const masterKeys = `k1:${randomBytes(32).toString('base64')}`;
  const processes = ports.map((port) => {
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      MASTER_KEYS: masterKeys,
      PORT: String(port),
    };
    const child = spawn(process.execPath, ['dist/apps/api/src/main.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const told = { child, out: '', exit: once(child, 'exit') };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told.out += String(chunk)));
    return told;
  });
  try {
    await eventually(
      () => Promise.resolve(processes.map(({ out }) => out)),
      (outs) => outs.every((out) => out.includes('api listens')),
      30_000,
    );
    const keys = processes.flatMap(({ out }) => out.match(/rk_[\w-]{43}/g) ?? []);
    expect(keys).toHaveLength(1);
    for (const port of ports) {
      const headers = { authorization: `Bearer ${keys[0]}` };
      const answer = await fetch(`http://127.0.0.1:${port}/v1/api-keys`, { headers });
      expect(await answer.json()).toMatchObject({ data: [{ name: 'first', role: 'admin', state: 'active' }] });
    }
  } finally {
    for (const { child, exit } of processes) {
      child.kill('SIGTERM');
      await exit;
    }
    await database.drop();
  }
}, 60_000);
