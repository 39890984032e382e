import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf, type Runner } from './runner.js';

export interface Postmaster {
  port: number;
  /** Ends Postgres and waits until it is gone. */
  stop: () => Promise<void>;
}

interface LaunchOptions {
  program: string;
  runner: Runner;
  cluster: string;
  logFile: string;
  settings: Readonly<Record<string, string>>;
  env: NodeJS.ProcessEnv;
}

// Keeps Postgres out of the terminal's process group (Ctrl-C must reach the service first), and stops it when this
// process goes away, even by kill -9: the pipe, moved to fd 3, then closes.
const GUARD =
  'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; (cat <&3 >/dev/null; kill -INT $pid 2>/dev/null) >/dev/null 2>&1 & wait $pid';

const ATTEMPTS = 20;
const isPassing = /pre-existing shared memory|Address already in use|is another postmaster/i;

/** Starts Postgres on a free port of the loopback interface and waits until it takes connections. */
export async function launch(options: LaunchOptions): Promise<Postmaster> {
  let log = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await freePort();
    const child = spawnPostgres(options, port);
    if (await isReady(child, options.cluster, port)) return { port, stop: () => stop(child) };
    log = readFileSync(options.logFile, 'utf8');
    // A crashed predecessor's backends may still be leaving; a port may have been taken meanwhile.
    if (!isPassing.test(log)) break;
    await sleep(250);
  }
  throw new Error(`Embedded Postgres did not start:\n${log.slice(-2000)}`);
}

/**
 * What Postgres wrote into postmaster.pid: pid, data folder, start time, port, socket folder, address, shm key, status.
 */
export function readPidFile(cluster: string): { pid: number; port: number; isReady: boolean } | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function spawnPostgres(
  { program, runner, cluster, logFile, settings, env }: LaunchOptions,
  port: number,
): ChildProcess {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [file, args] = commandOf(runner, program, ['-D', cluster, '-p', String(port), ...flags]);
  const log = openSync(logFile, 'w');
  const child =
    process.platform === 'win32'
      ? spawn(file, args, { stdio: ['pipe', log, log], env, windowsHide: true })
      : spawn('/bin/sh', ['-c', GUARD, 'postgres-guard', file, ...args], {
          ...runner.user,
          stdio: ['pipe', log, log],
          env,
          cwd: '/',
          detached: true,
        });
  closeSync(log);
  // This process may end although Postgres and the pipe to its guard are open.
  child.unref();
  child.stdin?.on('error', () => undefined);
  child.once('exit', () => child.stdin?.destroy());
  return child;
}

/** True once that Postgres takes connections, false once it has ended. */
async function isReady(child: ChildProcess, cluster: string, port: number): Promise<boolean> {
  while (!hasEnded(child)) {
    const state = readPidFile(cluster);
    if (state?.isReady && state.port === port) {
      // The pipe is a socket, though its type says only that it can be written.
      if (child.stdin instanceof Socket) child.stdin.unref();
      return true;
    }
    await sleep(10);
  }
  return false;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const gone = once(child, 'exit');
  child.stdin?.end();
  if (process.platform === 'win32') child.kill('SIGINT');
  await gone;
}
