/** Changes its mind no oftener: a worker that fetches fewer than before stands still until enough have ended. */
const STEADY_MS = 500;

/**
 * Where the handlers of one queue run, so many at a time. A handler that has left its place and only writes down what it
 * did keeps its job, but nobody waiting: so that the next job is at hand by then, some are fetched ahead.
 */
export class Places {
  /** How many more jobs than places shall be fetched: as many as have left before, and fewer while some wait in vain. */
  ahead = 0;
  private readonly waiting: (() => void)[] = [];
  private taken = 0;
  private left = 0;
  private changedAt = -Infinity;

  constructor(private readonly count: number) {}

  /** Runs the work in a place, first come, first served. It may leave it before it ends. */
  async run(work: (leave: () => void) => Promise<void>): Promise<void> {
    if (this.taken < this.count) this.taken++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      this.left++;
      if (this.left > this.ahead) this.fetchAhead(this.left);
      this.free();
    };
    try {
      await work(leave);
    } finally {
      if (hasLeft) this.left--;
      else this.free();
      hasLeft = true;
    }
  }

  /** Lets all in that wait: they shall see for themselves that there is no more to do. */
  close(): void {
    for (const next of this.waiting.splice(0)) {
      this.taken++;
      next();
    }
  }

  private free(): void {
    const next = this.waiting.shift();
    if (this.waiting.length > 0 && performance.now() - this.changedAt > STEADY_MS)
      this.fetchAhead(Math.max(this.left, Math.floor(this.ahead / 2)));
    if (!next) this.taken--;
    next?.();
  }

  private fetchAhead(ahead: number): void {
    this.ahead = Math.min(this.count, Math.max(0, ahead));
    this.changedAt = performance.now();
  }
}
