import { LRUCache } from 'lru-cache';

export interface Counted {
  /** By Postgres. */
  pending: number;
  /** By this process, since. */
  added: number;
  countedAt: number;
  tookMs: number;
}

const FRESH_MS = 1_000;
/** What took long to count is counted less often: a hundredth of the time at most goes into it. */
const SHARE = 100;
/** Below this part of its ceiling, an old count will do. */
export const FAR = 0.25;
/** So long it will, and from when on it is counted anew beside the requests that use it. */
const LASTING_MS = 60_000;
const RENEWED_MS = 45_000;

export const pendingOf = ({ pending, added }: Pick<Counted, 'pending' | 'added'>): number => pending + added;

type Question<Of extends Counted> = () => Promise<Omit<Of, 'added' | 'countedAt' | 'tookMs'>>;

const ageMsOf = ({ countedAt }: Counted): number => performance.now() - countedAt;

/** Nobody is refused for what was counted long ago. */
export function isFresh(counted: Counted, isRefusal: boolean): boolean {
  const { tookMs } = counted;
  const ageMs = ageMsOf(counted);
  return ageMs < FRESH_MS || (!isRefusal && ageMs < tookMs * SHARE);
}

/** What was counted, by key, where at most one count of a key is under way: when one grows old, many ask for it at once. */
export class Counts<Of extends Counted> {
  private readonly known = new LRUCache<string, Of>({ max: 10_000 });
  /** As many as requests wait for one. */
  private readonly underWay = new Map<string, Promise<Of>>();

  /**
   * What is known, if it will do: what is fresh, and what is old and far from its ceiling. That is counted anew in time,
   * and no request waits for it.
   * @param ceiling 0: none
   * @param question as for `count`, but not in a transaction
   * @returns undefined when it has to be counted
   */
  recall(key: string, ceiling: number, question: (known: Of) => ReturnType<Question<Of>>): Of | undefined {
    const known = this.known.get(key);
    if (!known || isFresh(known, ceiling > 0 && pendingOf(known) >= ceiling)) return known;
    if (ceiling > 0 && pendingOf(known) >= ceiling * FAR) return undefined;
    const ageMs = ageMsOf(known);
    if (ageMs > LASTING_MS) return this.underWay.has(key) ? known : undefined;
    // One that fails is asked again by the next request.
    if (ageMs > RENEWED_MS) void this.count(key, () => question(known)).catch(() => undefined);
    return known;
  }

  /** What was counted last, however long ago. */
  last(key: string): Of | undefined {
    return this.known.get(key);
  }

  /**
   * The count that is under way, or a new one.
   * @param question may be asked in a transaction of the caller's: if it is broken off, those who waited ask for themselves
   */
  async count(key: string, question: Question<Of>): Promise<Of> {
    const underWay = this.underWay.get(key);
    if (underWay) return underWay.catch(() => this.ask(key, question));
    const counting = this.ask(key, question).finally(() => this.underWay.delete(key));
    this.underWay.set(key, counting);
    return counting;
  }

  /** One more, which the next count will find. */
  add(key: string): void {
    const known = this.known.get(key);
    if (known) known.added++;
  }

  private async ask(key: string, question: Question<Of>): Promise<Of> {
    const before = this.known.get(key);
    const addedBefore = before?.added ?? 0;
    const countedAt = performance.now();
    const told = await question();
    // What came while Postgres counted is not in its count.
    const added = (before?.added ?? 0) - addedBefore;
    const counted = { ...told, added, countedAt, tookMs: performance.now() - countedAt } as Of;
    this.known.set(key, counted);
    return counted;
  }
}
