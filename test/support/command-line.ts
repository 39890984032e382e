import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** A user of the built command line: with a home and settings of its own, and `retract` on the PATH. */
export class CommandLine {
  readonly home = mkdtempSync(join(tmpdir(), 'retract-home-'));
  private readonly env: Record<string, string>;

  constructor(env: Record<string, string> = {}) {
    symlinkSync(join(process.cwd(), 'dist/apps/cli/src/main.js'), join(this.home, 'retract'));
    this.env = {
      PATH: `${this.home}:${process.env.PATH}`,
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, 'config'),
      TERM: 'xterm',
      TZ: 'UTC',
      ...env,
    };
  }

  /** Without a terminal, as in a pipe. @param command what a shell runs */
  async run(command: string, { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {}) {
    const options = { env: { ...this.env, ...env }, cwd: this.home, detached: true };
    // Its input is a socket, which bash takes for a login from afar, with the machine's settings.
    const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', command], options);
    const [out, err] = [child.stdout, child.stderr].map(async (stream) => {
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return text;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: (await out) ?? '', err: (await err) ?? '' };
  }

  /** In a terminal of its own, which `script` makes. */
  open(command: string, env: Record<string, string> = {}): OpenTerminal {
    const child = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { ...this.env, SHELL: '/bin/bash', ...env },
      cwd: this.home,
    });
    return new OpenTerminal(child);
  }
}

/** What a person sees and types. */
export class OpenTerminal {
  /** All of it, with the terminal's control sequences. */
  raw = '';
  private readonly ended: Promise<number | null>;

  constructor(private readonly child: ChildProcess) {
    this.child.stdout?.on('data', (chunk) => (this.raw += String(chunk)));
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  /** As it can be read. */
  get text(): string {
    return stripVTControlCharacters(this.raw).replaceAll('\r\n', '\n');
  }

  type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** @returns what matched @throws with what is shown instead, when it has not come in time */
  async shows(pattern: RegExp, deadlineMs = 120_000): Promise<RegExpExecArray> {
    const giveUpAt = performance.now() + deadlineMs;
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      if (performance.now() > giveUpAt || this.child.exitCode !== null) {
        throw new Error(`${pattern} is not shown, but:\n${this.text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** @returns its exit code */
  async end(): Promise<number | null> {
    const code = await this.ended;
    this.child.stdin?.destroy();
    return code;
  }
}
