import { setTimeout as delay } from 'node:timers/promises';
import { Stopped } from '../terminal/exit-codes.js';
import type { Context } from './context.js';

/** What somebody who pressed Ctrl-C wants of what is under way. */
export type Wanted = 'abort' | 'leave' | 'go on';

const ANSWERS: Record<string, Wanted> = {
  a: 'abort',
  abort: 'abort',
  l: 'leave',
  leave: 'leave',
  g: 'go on',
  go: 'go on',
};

/**
 * Lets Ctrl-C end a call whose answer is not there yet.
 * @param words what that means
 * @throws Stopped
 */
export async function untilStopped<T>(call: (signal: AbortSignal) => Promise<T>, words: string): Promise<T> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGINT', stop);
  try {
    const answer = await call(stopping.signal);
    if (!stopping.signal.aborted) return answer;
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', stop);
  }
  throw new Stopped(words);
}

/** Ctrl-C while it lasts: what is under way at the service goes on in any case, so it is a question what is meant. */
export class Interrupts {
  private asked: Promise<void> | undefined;
  private readonly onSignal = () => {
    this.asked ??= this.ask().finally(() => (this.asked = undefined));
  };

  /** @param onWanted what is done about it; its errors end the command */
  constructor(
    private readonly context: Context,
    private readonly what: string,
    private readonly onWanted: (wanted: Exclude<Wanted, 'go on'>) => void,
    private readonly around: { before(): void; after(): void },
  ) {
    process.on('SIGINT', this.onSignal);
  }

  stop(): void {
    process.off('SIGINT', this.onSignal);
  }

  /** When the question that is open, if there is one, has its answer. */
  async settled(): Promise<void> {
    await this.asked;
  }

  private async ask(): Promise<void> {
    const { terminal } = this.context;
    if (!terminal.isAttended) return this.onWanted('leave');
    this.around.before();
    try {
      const wanted = await this.answer();
      if (wanted !== 'go on') this.onWanted(wanted);
    } finally {
      this.around.after();
    }
  }

  private async answer(): Promise<Wanted> {
    const { terminal } = this.context;
    // The terminal has written ^C.
    terminal.note('');
    for (;;) {
      try {
        const answer = await terminal.ask(`${this.what}: [a]bort it, [l]eave it running, or [g]o on watching? `);
        const wanted = ANSWERS[answer.trim().toLowerCase()];
        if (wanted) return wanted;
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        terminal.note('');
        return 'leave';
      }
      await delay(0);
    }
  }
}
