import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.js';

/** A sandbox that stays up, and what it has written until it said so. */
export interface RunningSandbox {
  url: string;
  output: () => string;
}

/** Starts the built sandbox, does something with it, and stops it as Ctrl-C would. */
export async function whileSandboxIsUp<T>(
  dataDir: string,
  act: (sandbox: RunningSandbox) => Promise<T>,
  environment: Record<string, string> = {},
): Promise<T> {
  const port = String(await freePort());
  const child = spawn(process.execPath, ['dist/apps/sandbox/src/main.js'], {
    env: {
      PATH: process.env.PATH,
      RETRACT_DATA_DIR: dataDir,
      PORT: port,
      SIMULATOR_PORT: String(await freePort()),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      // The last of what is always written.
      if (/^article .*\n/m.test(output)) resolve();
    });
    void exited.then(() => reject(new Error(`the sandbox has ended: ${output}`)));
  });
  try {
    return await act({ url: `http://127.0.0.1:${port}`, output: () => output });
  } finally {
    child.kill('SIGINT');
    await exited;
  }
}
