import { setImmediate } from 'node:timers/promises';

interface Submitted<In, Out> {
  item: In;
  resolve: (answer: Out) => void;
  reject: (error: unknown) => void;
}

/** One statement stays short, and its parameters few. */
const MAX_ITEMS = 200;

/** A statement costs more than most of its items, so a few wait for more to come, while it is busy. */
export interface BatchWindow {
  /** So many are worth a statement of their own. */
  enoughItems: number;
  /** Fewer wait until so long after the statement before theirs was begun, at most. */
  longestMs: number;
}

/** The settings for items that somebody waits for. */
const DEFAULT_WINDOW: BatchWindow = { enoughItems: 16, longestMs: 15 };
/**
 * An item that comes alone need not wait for others that hardly come: it waits so long for each item of the statement
 * before.
 */
const MS_PER_ITEM = 3;
/** Commits that wait for the disk at the same time cost Postgres one wait; more statements mean fewer items in each. */
const MAX_UNDER_WAY = 2;

/**
 * Sends together the items that are submitted at nearly the same time: with many jobs or requests at a time, a
 * statement serves dozens of them; an item that comes alone goes out at once.
 */
export class Batcher<In, Out> {
  private readonly waiting: Submitted<In, Out>[] = [];
  private underWay = 0;
  private sent = { at: -Infinity, count: 0 };
  /** Set while one sender waits for more items: no other sends then. Calling it ends the wait. */
  private endPause: (() => void) | undefined;

  /**
   * @param send answers in the order of the items
   * @param isItemError whether an error may be one item's alone: then each is sent by itself
   * @param window how long items wait for others
   */
  constructor(
    private readonly send: (items: In[]) => Promise<Out[]>,
    private readonly isItemError: (error: unknown) => boolean,
    private readonly window = DEFAULT_WINDOW,
  ) {}

  submit(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.endPause) {
        if (this.waiting.length >= this.window.enoughItems) this.endPause();
      } else if (this.underWay < MAX_UNDER_WAY) void this.sendAll();
    });
  }

  private async sendAll(): Promise<void> {
    this.underWay++;
    // Items of one message or one answer are submitted in one turn of the event loop.
    await setImmediate();
    while (this.waiting.length > 0 && !this.endPause) {
      await this.waitForMore();
      const batch = this.waiting.splice(0, MAX_ITEMS);
      // Another sender that did not wait for more may have taken them just now.
      if (batch.length === 0) break;
      this.sent = { at: performance.now(), count: batch.length };
      await this.serve(batch);
    }
    this.underWay--;
  }

  private async waitForMore(): Promise<void> {
    const { enoughItems, longestMs } = this.window;
    const pauseMs = Math.min(longestMs, MS_PER_ITEM * this.sent.count) - (performance.now() - this.sent.at);
    if (pauseMs <= 0 || this.waiting.length >= enoughItems) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = undefined;
  }

  private async serve(batch: Submitted<In, Out>[]): Promise<void> {
    try {
      const answers = await this.send(batch.map(({ item }) => item));
      // send answers each item, in order.
      batch.forEach(({ resolve }, index) => resolve(answers[index] as Out));
    } catch (error) {
      // One item that cannot be served must not make the others fail.
      if (batch.length > 1 && this.isItemError(error)) for (const one of batch) await this.serve([one]);
      else for (const one of batch) one.reject(error);
    }
  }
}
