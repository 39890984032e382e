import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

/** A Redis of a test's own that it may stop and start; the address stays the same, and so does what is in it. */
export interface RestartableRedis {
  url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  drop(): Promise<void>;
}

/** Where tests use a Redis of REDIS_URL there may be none. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** @param settings of the server's command line */
export async function startRestartableRedis(...settings: string[]): Promise<RestartableRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'retract-redis-'));
  const port = await freePort();
  // Durable, as a real one: what was written has to be there after the restart.
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
  const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir];
  const launch = async () => {
    const child = spawn('redis-server', [...address, ...durable, ...settings], { stdio: ['ignore', 'pipe', 'ignore'] });
    const isReady = new Promise<void>((resolve) => {
      // Read to its end: a full pipe would stop the server.
      child.stdout.on('data', (text) => (String(text).includes('Ready to accept connections') ? resolve() : undefined));
    });
    await isReady;
    return child;
  };
  const end = async (child: ChildProcess) => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  let redis = await launch();
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => end(redis),
    start: async () => {
      redis = await launch();
    },
    drop: async () => {
      await end(redis);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
