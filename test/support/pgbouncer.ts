import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.js';

/** A PgBouncer before the Postgres of a URL with TCP address. */
export interface PgBouncer {
  url: string;
  stop(): Promise<void>;
}

export async function startPgBouncer(postgresUrl: string, settings: Record<string, string>): Promise<PgBouncer> {
  const upstream = new URL(postgresUrl);
  const dir = mkdtempSync(join(tmpdir(), 'retract-pgbouncer-'));
  const port = await freePort();
  const to = { host: upstream.hostname, port: upstream.port, user: upstream.username, password: upstream.password };
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    // Whoever comes is the user of the line above.
    auth_type: 'any',
    ...settings,
  };
  const lines = (of: Record<string, string>, between: string) =>
    Object.entries(of).map(([name, value]) => `${name}${between}${value}`);
  const file = join(dir, 'pgbouncer.ini');
  writeFileSync(
    file,
    ['[databases]', `* = ${lines(to, '=').join(' ')}`, '[pgbouncer]', ...lines(all, ' = '), ''].join('\n'),
  );
  chmodSync(dir, 0o755);
  // It refuses to be root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', [...asUser, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('process up')) resolve();
    });
    void exited.then(() => reject(new Error(`pgbouncer has ended: ${said.join('\n')}`)));
  });
  const url = new URL(upstream);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
