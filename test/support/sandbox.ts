import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.js';

/** How it runs, and how it ends. */
export interface Staying {
  demoData?: boolean;
  /** How the line begins by which it is there. */
  lastLine?: string;
}

/** Starts the built sandbox, does something with its api and what it printed, and stops it as Ctrl-C would. */
export async function whileItStaysUp<T>(
  dataDir: string,
  act: (url: string, output: string) => Promise<T>,
  { demoData = false, lastLine = 'article' }: Staying = {},
): Promise<T> {
  const port = String(await freePort());
  let output = '';
  const child = spawn(process.execPath, ['dist/apps/sandbox/src/main.js'], {
    env: {
      PATH: process.env.PATH,
      RETRACT_DATA_DIR: dataDir,
      PORT: port,
      SIMULATOR_PORT: String(await freePort()),
      DEMO_DATA: String(demoData),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close');
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (new RegExp(`^${lastLine} .*\\n`, 'm').test(output)) resolve();
    });
    void exited.then(() => reject(new Error('the sandbox has ended')));
  });
  try {
    return await act(`http://127.0.0.1:${port}`, output);
  } finally {
    child.kill('SIGINT');
    await exited;
  }
}
