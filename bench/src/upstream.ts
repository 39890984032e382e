import type { Process } from './process.js';
import type { Stage } from './stage.js';

/** A WeChat that answers everything with success after `latencyMs`: see processes/upstream.ts. */
export class Upstream {
  private constructor(
    readonly url: string,
    private readonly process: Process,
  ) {}

  static async start(stage: Stage, latencyMs: number): Promise<Upstream> {
    const process = stage.start('bench/src/processes/upstream.js', { LATENCY_MS: String(latencyMs) });
    const { url } = await process.says<{ url: string }>();
    return new Upstream(url, process);
  }

  /** Calls by path since this was last asked. */
  async counts(): Promise<Record<string, number>> {
    const counts = this.process.says<Record<string, number>>();
    this.process.tell({});
    return counts;
  }
}
