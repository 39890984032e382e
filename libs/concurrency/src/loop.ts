import { setTimeout as delay } from 'node:timers/promises';

export interface LoopOptions {
  /** The pause after each turn. */
  everyMs: number;
  /** Hears of a turn that failed; of one that fails as the one before, every ten seconds. The loop goes on with the next. */
  onError: (error: unknown) => void;
}

/** While a server is away, each turn fails in the same way. */
const TOLD_EVERY_MS = 10_000;

/** Does a piece of work again and again, with a pause between, until it is stopped. */
export class Loop {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private told = { failure: '', at: -Infinity };

  /** @param turn ends soon once its signal is aborted */
  constructor(
    private readonly turn: (stopping: AbortSignal) => Promise<unknown>,
    private readonly options: LoopOptions,
  ) {}

  /** Idempotent. */
  start(): void {
    this.running ??= this.run(this.stopping.signal);
  }

  /** Resolves when the turn that is under way has ended; there is no other. Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      try {
        await this.turn(stopping);
      } catch (error) {
        this.tell(error);
      }
      await pause(this.options.everyMs, stopping);
    }
  }

  private tell(error: unknown): void {
    const failure = String(error);
    const now = performance.now();
    if (failure === this.told.failure && now - this.told.at < TOLD_EVERY_MS) return;
    this.told = { failure, at: now };
    this.options.onError(error);
  }
}

/** Resolves after that time, or as soon as the signal is aborted. */
export async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stopping }).catch(() => undefined);
}
