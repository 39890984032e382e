export interface RememberedOptions {
  /** So long nobody reads it again. */
  freshMs: number;
  /** So long an asker waits for it to be read. */
  deadlineMs: number;
  /** What is older is not told. */
  staleMs: number;
  onError?: (error: unknown) => void;
}

/** Something that costs to read: one asker reads it for all, and no more often than is of use. */
export class Remembered<T> {
  private value: { is: T; at: number } | undefined;
  private reading: Promise<void> | undefined;
  private begunAt = -Infinity;

  constructor(
    private readonly read: () => Promise<T>,
    private readonly options: RememberedOptions,
  ) {}

  /** Reads it if need be, and waits for that. @returns undefined where none is known. Never rejects */
  async get(now = performance.now()): Promise<T | undefined> {
    await this.refresh(now);
    return this.young(now);
  }

  /** As it is known now. If need be it is read beside, for the next asker. */
  known(now = performance.now()): T | undefined {
    void this.refresh(now);
    return this.young(now);
  }

  /** How long ago what is told was read. */
  ageMs(now = performance.now()): number | undefined {
    return this.value && now - this.value.at;
  }

  private young(now: number): T | undefined {
    return this.value && now - this.value.at <= this.options.staleMs ? this.value.is : undefined;
  }

  private async refresh(now: number): Promise<void> {
    if (!this.reading && now - this.begunAt < this.options.freshMs) return;
    this.reading ??= this.begin(now);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.options.deadlineMs);
    });
    await Promise.race([this.reading, tooLong]);
    clearTimeout(timer);
  }

  private async begin(now: number): Promise<void> {
    this.begunAt = now;
    try {
      this.value = { is: await this.read(), at: now };
    } catch (error) {
      this.options.onError?.(error);
    } finally {
      this.reading = undefined;
    }
  }
}
