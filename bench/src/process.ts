import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { usageOf, type Usage } from './usage.js';

const DIST = join(import.meta.dirname, '../..');

/** A process of its own, over the built sources. */
export class Process {
  private readonly exited: Promise<unknown>;
  private isStopping = false;

  private constructor(
    readonly child: ChildProcess,
    private readonly name: string,
  ) {
    this.exited = once(child, 'exit');
    // Awaited only where somebody waits for it.
    this.exited.catch(() => undefined);
  }

  /** @param script below dist/, e.g. `apps/worker/src/main.js`. Its environment is `env` and nothing else. */
  static start(script: string, env: Record<string, string>, nodeOptions: string[] = []): Process {
    const child = fork(join(DIST, script), {
      env: { PATH: process.env.PATH, ...env },
      // Without it, a process would outlive a bench that was killed.
      execArgv: ['--import', join(DIST, 'bench/src/processes/end-with-parent.js'), ...nodeOptions],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Ctrl-C is for the bench alone, which then ends its processes in order.
      detached: true,
    });
    return new Process(child, script);
  }

  /** What the process says next. @throws when it ends instead */
  async says<Message>(): Promise<Message> {
    const ended = this.exited.then(() => {
      throw new Error(`${this.name} has ended with ${this.child.exitCode ?? this.child.signalCode}`);
    });
    const [message] = (await Promise.race([once(this.child, 'message'), ended])) as [Message];
    return message;
  }

  tell(message: object): void {
    this.child.send(message);
  }

  /** @throws when it has ended by itself */
  throwIfGone(): void {
    if (!this.isStopping && (this.child.exitCode !== null || this.child.signalCode !== null)) {
      throw new Error(`${this.name} has ended with ${this.child.exitCode ?? this.child.signalCode}`);
    }
  }

  usage(): Usage {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return usageOf(this.child.pid);
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 8_000);
    await this.exited.catch(() => undefined);
    clearTimeout(timer);
  }
}
