/** Where a job makes its calls, of which only so many may be made at a time. */
export interface Place {
  /**
   * Waits for a place. A job that has one does not wait.
   * @returns false when this worker stops before there is one: the call is another worker's
   */
  enter: () => Promise<boolean>;
  /**
   * The call is made, another job may make its own. Without a place it does nothing.
   * @param comesAgain soon, for its next call; then it goes before those who come for their first
   */
  leave: (comesAgain?: 'comes again') => void;
}

type Waiting = (hasPlace: boolean) => void;

/** Changes its mind no oftener: a worker that fetches fewer than before stands still until enough have ended. */
const STEADY_MS = 500;
/** About what a busy worker takes to prepare a job for its calls. */
const PREPARING_MS = 50;
/** So long is looked back to tell how many leave: they leave in bursts. */
const LOOK_BACK_MS = 200;

/**
 * Where the handlers of one queue make their calls, so many at a time. Jobs are prepared before, between and after their calls,
 * while others make theirs: so that no place stands empty meanwhile, more jobs are fetched than there are places.
 */
export class Places {
  /**
   * How many more: as many as have made their last call and not ended, and as many as will have left by the time that a job
   * fetched now is prepared. Fewer while some wait in vain. None where nobody ever leaves early.
   */
  ahead = 0;
  private waiting: Waiting[] = [];
  private waitingAgain: Waiting[] = [];
  private taken = 0;
  private left = 0;
  /** When jobs have left lately. */
  private leaves: number[] = [];
  private isClosed = false;
  private changedAt = -Infinity;

  constructor(private readonly count: number) {}

  /** Runs a job, which may take a place. One that it has when it ends is free then. */
  async run(work: (place: Place) => Promise<void>): Promise<void> {
    // The compiler does not see that the two functions change it.
    let stage = 'before' as 'before' | 'within' | 'between' | 'after';
    const moveTo = (next: typeof stage) => {
      if (stage === 'after') this.left--;
      if (next === 'after') this.left++;
      stage = next;
    };
    const enter = async () => {
      if (stage === 'within') return true;
      const isFirst = stage === 'before';
      moveTo('between');
      if (!(await this.take(isFirst))) return false;
      moveTo('within');
      return true;
    };
    const leave: Place['leave'] = (comesAgain) => {
      if (stage !== 'within') return;
      moveTo(comesAgain ? 'between' : 'after');
      this.leaves.push(performance.now());
      this.free();
      this.look();
    };
    try {
      await work({ enter, leave });
    } finally {
      if (stage === 'within') this.free();
      moveTo('before');
      this.look();
    }
  }

  /** Whoever waits, or comes to wait, gets no place any more. */
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

  private look(): void {
    const now = performance.now();
    while ((this.leaves[0] ?? now) < now - LOOK_BACK_MS) this.leaves.shift();
    const wanted = this.left + Math.ceil((this.leaves.length * PREPARING_MS) / LOOK_BACK_MS);
    if (this.waiting.length === 0) {
      if (wanted > this.ahead) this.fetchAhead(wanted, now);
    } else if (now - this.changedAt > STEADY_MS) {
      this.fetchAhead(Math.min(this.ahead, Math.max(wanted, Math.floor(this.ahead / 2))), now);
    }
  }

  private fetchAhead(ahead: number, now: number): void {
    this.ahead = Math.min(2 * this.count, ahead);
    this.changedAt = now;
  }
}
