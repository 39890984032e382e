interface PartOptions<Lack> {
  /** Rejects when the part does not do its work. */
  attempt: () => Promise<void>;
  lackOf: (error: unknown) => Lack;
  deadlineMs: number;
  rememberedMs: number;
  /** Null: nothing is lacking any more. */
  onChange: (lack: Lack | null, error: unknown) => void;
}

/** One part of what the service needs, tried when somebody asks, and no more often than is of use. */
export class Part<Lack> {
  private lack: Lack | null = null;
  private triedAt = -Infinity;
  private trying: Promise<Lack | null> | undefined;
  /** An attempt of which nobody knows how it ends would be joined by another every second. */
  private isHanging = false;

  constructor(private readonly options: PartOptions<Lack>) {}

  /** @returns the lack, null if there is none. Never rejects. */
  state(now: number): Promise<Lack | null> {
    if (this.trying) return this.trying;
    if (this.isHanging || now - this.triedAt < this.options.rememberedMs) return Promise.resolve(this.lack);
    this.triedAt = now;
    this.trying = this.try().finally(() => (this.trying = undefined));
    return this.trying;
  }

  private async try(): Promise<Lack | null> {
    const { attempt, lackOf, deadlineMs, onChange } = this.options;
    this.isHanging = true;
    const attempted = attempt().finally(() => (this.isHanging = false));
    let lack: Lack | null = null;
    let error: unknown;
    try {
      await within(deadlineMs, attempted);
    } catch (thrown) {
      error = thrown;
      lack = lackOf(error);
    }
    const hasChanged = lack !== this.lack;
    this.lack = lack;
    if (hasChanged) onChange(lack, error);
    return lack;
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
