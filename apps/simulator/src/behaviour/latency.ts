import { z } from 'zod';
import type { SeededRandom } from './random.js';

const ms = z.number().min(0).max(600_000);

export const latencySchema = z.discriminatedUnion('distribution', [
  z.strictObject({ distribution: z.literal('fixed'), ms }),
  z.strictObject({ distribution: z.literal('uniform'), min_ms: ms, max_ms: ms }),
  z.strictObject({
    distribution: z.literal('lognormal'),
    median_ms: ms,
    sigma: z.number().min(0).max(3).default(0.5).describe('Spread: p99 is about median × e^(2.33 × sigma)'),
  }),
]);

export type Latency = z.infer<typeof latencySchema>;

/** How long answers take, for all operations (`*`) or for one. */
export class Latencies {
  private readonly byOperation = new Map<string, Latency>();

  constructor(private readonly random: SeededRandom) {}

  set(operation: string, latency: Latency | null): void {
    if (latency) this.byOperation.set(operation, latency);
    else this.byOperation.delete(operation);
  }

  list(): Record<string, Latency> {
    return Object.fromEntries(this.byOperation);
  }

  clear(): void {
    this.byOperation.clear();
  }

  nextMs(operation: string): number {
    if (this.byOperation.size === 0) return 0;
    const latency = this.byOperation.get(operation) ?? this.byOperation.get('*');
    return latency ? drawMs(latency, this.random) : 0;
  }
}

export function drawMs(latency: Latency, random: SeededRandom): number {
  switch (latency.distribution) {
    case 'fixed':
      return latency.ms;
    case 'uniform':
      return latency.min_ms + random.next() * (latency.max_ms - latency.min_ms);
    case 'lognormal':
      return latency.median_ms * Math.exp(latency.sigma * random.normal());
  }
}
