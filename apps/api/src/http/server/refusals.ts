import { Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Metrics } from '../../metrics/metrics.js';

/** A request that was refused, without what it brought: the key that was tried may be right elsewhere. */
export interface Refusal {
  /** Of the problem. */
  code: string;
  detail: string;
  method: string;
  /** With its parameters unnamed. */
  route: string | undefined;
  component_appid?: string | undefined;
}

interface Told {
  count: number;
  codes: Record<string, number>;
  last: Refusal;
}

/** The log names so many addresses; of further ones it tells the number alone. */
const MAX_ADDRESSES = 100;

/** Counts who was refused for want of a right, and tells of it once a minute: a line for each address. */
export class Refusals implements OnModuleDestroy {
  private readonly logger = new Logger(Refusals.name);
  private readonly byAddress = new Map<string, Told>();
  private fromElsewhere = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly tellEveryMs: number,
  ) {}

  note(address: string, refusal: Refusal): void {
    this.metrics.countRefusal(refusal.code);
    this.timer ??= setTimeout(() => this.tell(), this.tellEveryMs).unref();
    const told = this.byAddress.get(address);
    if (told) {
      told.count++;
      told.codes[refusal.code] = (told.codes[refusal.code] ?? 0) + 1;
      told.last = refusal;
    } else if (this.byAddress.size < MAX_ADDRESSES) {
      this.byAddress.set(address, { count: 1, codes: { [refusal.code]: 1 }, last: refusal });
    } else this.fromElsewhere++;
  }

  onModuleDestroy(): void {
    this.tell();
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [address, { count, codes, last }] of this.byAddress) {
      this.logger.warn('requests refused', { address, count, codes, last });
    }
    if (this.fromElsewhere > 0) this.logger.warn('requests refused from more addresses', { count: this.fromElsewhere });
    this.byAddress.clear();
    this.fromElsewhere = 0;
  }
}
