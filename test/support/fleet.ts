import { startBuiltApp, type BuiltApp } from './built-app.js';

/** Worker processes of one deployment. */
export class Fleet {
  private constructor(
    private readonly environment: Record<string, string>,
    private readonly workers: BuiltApp[],
  ) {}

  static async start(count: number, environment: Record<string, string>): Promise<Fleet> {
    const workers = await Promise.all(Array.from({ length: count }, () => startBuiltApp('worker', environment)));
    return new Fleet(environment, workers);
  }

  /** `kill -9` for one of them, any, and another in its place. */
  async replaceOne(): Promise<void> {
    const i = Math.floor(Math.random() * this.workers.length);
    await this.workers[i]?.end('SIGKILL');
    this.workers[i] = await startBuiltApp('worker', this.environment);
  }

  async replaceAll(): Promise<void> {
    await this.kill();
    for (const i of this.workers.keys()) this.workers[i] = await startBuiltApp('worker', this.environment);
  }

  async kill(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end('SIGKILL')));
  }
}
