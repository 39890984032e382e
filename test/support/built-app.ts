import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

type BuiltAppName = 'api' | 'worker';

/** An app as it is deployed: built, in a process of its own. */
export interface BuiltApp {
  pid: number;
  /** False once it has ended, by itself or as told. */
  isUp(): boolean;
  /** Ends it and waits for its end. @returns its exit code, null when it was killed */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** A start that must come to nothing. @returns what it wrote until its end, line by line, and its exit code */
export async function endOfBuiltApp(
  app: BuiltAppName,
  environment: Record<string, string>,
  onLine: (line: string) => void = () => undefined,
): Promise<{ lines: string[]; exitCode: number | null }> {
  const child = launch(app, environment);
  const lines: string[] = [];
  const read = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      lines.push(line);
      onLine(line);
    }
  });
  await Promise.all([once(child, 'exit'), ...read]);
  return { lines, exitCode: child.exitCode };
}

/** @param folder where it was built @returns when it listens or runs. @throws when it has ended before that */
export async function startBuiltApp(
  app: BuiltAppName,
  environment: Record<string, string>,
  onLine: (line: string) => void = () => undefined,
  folder = process.cwd(),
): Promise<BuiltApp> {
  const child = launch(app, environment, folder);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  lines.on('line', onLine);
  // Errors go there, and are shown besides.
  createInterface({ input: child.stderr }).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    onLine(line);
  });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => (/api listens|worker runs/.test(line) ? resolve() : undefined));
    void exited.then(() => reject(new Error(`the ${app} has ended`)));
  });
  if (child.pid === undefined) throw new Error(`the ${app} has no process`);
  return {
    pid: child.pid,
    isUp: () => child.exitCode === null && child.signalCode === null,
    end: async (signal) => {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

function launch(app: BuiltAppName, environment: Record<string, string>, folder = process.cwd()) {
  return spawn(process.execPath, [join(folder, `dist/apps/${app}/src/main.js`)], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'log', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
