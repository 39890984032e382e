/** A job's right to make its calls, of which only so many may be made at a time. */
export interface CallSlot {
  /**
   * Waits for a slot. A job that has one does not wait.
   * @returns false when this worker stops before there is one: the call is another worker's
   */
  acquire: () => Promise<boolean>;
  /**
   * The call is made, another job may make its own. Without a slot it does nothing.
   * @param again the job comes again soon, for its next call; then it goes before those who come for their first
   */
  release: (options?: { again: true }) => void;
}

type Waiting = (hasSlot: boolean) => void;

/** Changes its mind no oftener: a worker that fetches fewer than before stands still until enough have ended. */
const STEADY_MS = 500;
/** About what a busy worker takes to prepare a job for its calls. */
const PREPARING_MS = 50;
/** So long is looked back to tell how many slots are released: that happens in bursts. */
const LOOK_BACK_MS = 200;

/**
 * The slots in which the handlers of one queue make their calls. Jobs are prepared before, between and after their
 * calls, while others make theirs: so that no slot stands empty meanwhile, more jobs are fetched than there are
 * slots.
 */
export class CallSlots {
  /**
   * How many more: as many as have made their last call and not ended, and as many as will have released their slots
   * by the time that a job fetched now is prepared. Fewer while some wait in vain. None where nobody ever releases a
   * slot early.
   */
  prefetch = 0;
  private waiting: Waiting[] = [];
  private waitingAgain: Waiting[] = [];
  private taken = 0;
  private ending = 0;
  /** The times at which slots were released lately. */
  private releases: number[] = [];
  private isClosed = false;
  private changedAt = -Infinity;

  constructor(private readonly count: number) {}

  /** Runs a job, which may acquire a slot. One that it has when it ends is free then. */
  async run(work: (slot: CallSlot) => Promise<void>): Promise<void> {
    // The compiler does not see that the two functions change it.
    let stage = 'before' as 'before' | 'within' | 'between' | 'after';
    const moveTo = (next: typeof stage) => {
      if (stage === 'after') this.ending--;
      if (next === 'after') this.ending++;
      stage = next;
    };
    const acquire = async () => {
      if (stage === 'within') return true;
      const isFirst = stage === 'before';
      moveTo('between');
      if (!(await this.take(isFirst))) return false;
      moveTo('within');
      return true;
    };
    const release: CallSlot['release'] = (options) => {
      if (stage !== 'within') return;
      moveTo(options?.again ? 'between' : 'after');
      this.releases.push(performance.now());
      this.free();
      this.adjustPrefetch();
    };
    try {
      await work({ acquire, release });
    } finally {
      if (stage === 'within') this.free();
      moveTo('before');
      this.adjustPrefetch();
    }
  }

  /** Closes the slots: callers that wait, or come to wait, get none any more. */
  close(): void {
    this.isClosed = true;
    for (const answer of [...this.waitingAgain.splice(0), ...this.waiting.splice(0)]) answer(false);
  }

  private async take(isFirst: boolean): Promise<boolean> {
    if (this.isClosed) return false;
    if (this.taken === this.count) {
      return new Promise((resolve) => (isFirst ? this.waiting : this.waitingAgain).push(resolve));
    }
    this.taken++;
    return true;
  }

  private free(): void {
    const next = this.waitingAgain.shift() ?? this.waiting.shift();
    if (next) next(true);
    else this.taken--;
  }

  private adjustPrefetch(): void {
    const now = performance.now();
    while ((this.releases[0] ?? now) < now - LOOK_BACK_MS) this.releases.shift();
    const wanted = this.ending + Math.ceil((this.releases.length * PREPARING_MS) / LOOK_BACK_MS);
    if (this.waiting.length === 0) {
      if (wanted > this.prefetch) this.setPrefetch(wanted, now);
    } else if (now - this.changedAt > STEADY_MS) {
      this.setPrefetch(Math.min(this.prefetch, Math.max(wanted, Math.floor(this.prefetch / 2))), now);
    }
  }

  private setPrefetch(prefetch: number, now: number): void {
    this.prefetch = Math.min(2 * this.count, prefetch);
    this.changedAt = now;
  }
}
