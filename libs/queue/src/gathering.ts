import { setImmediate } from 'node:timers/promises';

interface Asked<In, Out> {
  item: In;
  resolve: (answer: Out) => void;
  reject: (error: unknown) => void;
}

/** One statement stays short, and its parameters few. */
const MOST_AT_ONCE = 200;

/** A statement costs more than most of its items, so a few wait for more to come, while it is busy. */
export interface Patience {
  /** So many are worth a statement of their own. */
  items: number;
  /** Fewer wait until so long after the statement before theirs was begun, at most. */
  ms: number;
}

/** Those who ask are waited for themselves. */
const SOME_PATIENCE: Patience = { items: 16, ms: 15 };
/** What comes alone need not wait for others that hardly come: it waits so long for each item of the statement before. */
const MS_FOR_EACH = 3;
/** Commits that wait for the disk at the same time cost Postgres one wait; more statements mean fewer items in each. */
const AT_THE_SAME_TIME = 2;

/**
 * Sends together what is asked for at nearly the same time: with many jobs or requests at a time, a statement serves dozens
 * of them; what comes alone goes out at once.
 */
export class Gathering<In, Out> {
  private readonly waiting: Asked<In, Out>[] = [];
  private underWay = 0;
  private sent = { at: -Infinity, count: 0 };
  /** Set while one waits for more to come: nobody else sends then. Calling it ends the wait. */
  private endPause: (() => void) | undefined;

  /**
   * @param send answers in the order of the items
   * @param isOfOne whether an error may be one item's alone: then each is sent by itself
   * @param patience how long items wait for others
   */
  constructor(
    private readonly send: (items: In[]) => Promise<Out[]>,
    private readonly isOfOne: (error: unknown) => boolean,
    private readonly patience = SOME_PATIENCE,
  ) {}

  ask(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.endPause) {
        if (this.waiting.length >= this.patience.items) this.endPause();
      } else if (this.underWay < AT_THE_SAME_TIME) void this.sendAll();
    });
  }

  private async sendAll(): Promise<void> {
    this.underWay++;
    // What came in one go asks in one turn of the event loop.
    await setImmediate();
    while (this.waiting.length > 0 && !this.endPause) {
      await this.gather();
      const asked = this.waiting.splice(0, MOST_AT_ONCE);
      // Another that was not waiting for more to come may have taken them just now.
      if (asked.length === 0) break;
      this.sent = { at: performance.now(), count: asked.length };
      await this.serve(asked);
    }
    this.underWay--;
  }

  private async gather(): Promise<void> {
    const pauseMs = Math.min(this.patience.ms, MS_FOR_EACH * this.sent.count) - (performance.now() - this.sent.at);
    if (pauseMs <= 0 || this.waiting.length >= this.patience.items) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = undefined;
  }

  private async serve(asked: Asked<In, Out>[]): Promise<void> {
    try {
      const answers = await this.send(asked.map(({ item }) => item));
      // send answers each item, in order.
      asked.forEach(({ resolve }, index) => resolve(answers[index] as Out));
    } catch (error) {
      // What one of them makes impossible shall not befall the others.
      if (asked.length > 1 && this.isOfOne(error)) for (const one of asked) await this.serve([one]);
      else for (const one of asked) one.reject(error);
    }
  }
}
