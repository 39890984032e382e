import { setImmediate } from 'node:timers/promises';

interface Asked<In, Out> {
  item: In;
  resolve: (answer: Out) => void;
  reject: (error: unknown) => void;
}

/** One statement stays short, and its parameters few. */
const MOST_AT_ONCE = 200;
/** Commits that wait for the disk at the same time cost Postgres one wait; more statements mean fewer items in each. */
const AT_THE_SAME_TIME = 2;

/**
 * Sends together what is asked for while earlier round trips are under way: with many jobs or requests at a time, a
 * statement serves dozens of them; with few, each goes out at once.
 */
export class Gathering<In, Out> {
  private readonly waiting: Asked<In, Out>[] = [];
  private underWay = 0;

  /**
   * @param send answers in the order of the items
   * @param isOfOne whether an error may be one item's alone: then each is sent by itself
   */
  constructor(
    private readonly send: (items: In[]) => Promise<Out[]>,
    private readonly isOfOne: (error: unknown) => boolean,
  ) {}

  ask(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.underWay < AT_THE_SAME_TIME) void this.sendAll();
    });
  }

  private async sendAll(): Promise<void> {
    this.underWay++;
    // What came in one go asks in one turn of the event loop.
    await setImmediate();
    while (this.waiting.length > 0) await this.serve(this.waiting.splice(0, MOST_AT_ONCE));
    this.underWay--;
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
