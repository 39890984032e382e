import { countedAs, type Principal } from '@app/access';
import { ProblemError } from '../problems/problem.js';

/**
 * What a request asks of the service: little; to read much, as lists and exports do; or to work through much, as
 * takedowns do, whose uploads may last for hours and must not keep their key from looking at a list. Streams are
 * counted where they are opened.
 */
export type Weight = 'light' | 'reads' | 'works' | 'stream';

export type Caller = Pick<Principal, 'apiKeyId' | 'tenant'>;

/** 0: no limit. */
export interface AtOnce {
  perKey: number;
  perTenant: number;
}

/** Beyond so many that wait, refusing costs less than keeping. */
const MAX_WAITING = 1_000;

/** Requests of one weight, of one tenant or of one key of the provider. */
interface Line {
  busy: number;
  busyOf: Map<string, number>;
  waiting: Set<Waiting>;
}

interface Waiting {
  caller: Caller;
  start: () => void;
}

/**
 * How many requests of a key, and of a tenant's keys together, one process works on at a time. Those beyond wait for
 * their turn: a refusal would cost an answer, and from a client that does not heed it the next request at once; one
 * that waits costs nothing.
 */
export class InFlight {
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly limits: { light: AtOnce; dear: AtOnce },
    private readonly patienceMs = 5_000,
  ) {}

  /** @returns what ends it, to be called once; undefined if it has to wait */
  enter(caller: Caller, weight: Weight): (() => void) | undefined {
    const limit = this.limitOf(weight);
    const line = this.lineOf(caller, weight);
    if (line.waiting.size > 0 || fullOf(line, caller, limit)) return undefined;
    return this.take(line, caller, weight);
  }

  /**
   * Waits for its turn among those of its line.
   * @param onGone called with what takes it out of the line again
   * @throws ProblemError `requests_too_many` when it does not come in time
   */
  async wait(caller: Caller, weight: Weight, onGone: (leave: () => void) => void): Promise<() => void> {
    const line = this.lineOf(caller, weight);
    if (line.waiting.size >= MAX_WAITING) throw this.refusal(line, caller, weight);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        clearTimeout(timer);
        line.waiting.delete(waiting);
        reject(this.refusal(line, caller, weight));
      };
      const timer = setTimeout(giveUp, this.patienceMs);
      const start = () => {
        clearTimeout(timer);
        resolve(this.take(line, caller, weight));
      };
      const waiting = { caller, start };
      line.waiting.add(waiting);
      onGone(() => line.waiting.has(waiting) && giveUp());
      // Its place may be free although others wait for theirs.
      this.startNext(line, weight);
    });
  }

  private take(line: Line, caller: Caller, weight: Weight): () => void {
    const { apiKeyId } = caller;
    line.busy++;
    line.busyOf.set(apiKeyId, (line.busyOf.get(apiKeyId) ?? 0) + 1);
    return () => {
      line.busy--;
      const left = (line.busyOf.get(apiKeyId) ?? 0) - 1;
      if (left > 0) line.busyOf.set(apiKeyId, left);
      else line.busyOf.delete(apiKeyId);
      this.startNext(line, weight);
      if (line.busy === 0 && line.waiting.size === 0) this.lines.delete(nameOf(caller, weight));
    };
  }

  /** The first that has room: one whose key is full holds up no other key. */
  private startNext(line: Line, weight: Weight): void {
    for (const waiting of line.waiting) {
      if (fullOf(line, waiting.caller, this.limitOf(weight))) continue;
      line.waiting.delete(waiting);
      waiting.start();
      return;
    }
  }

  private lineOf(caller: Caller, weight: Weight): Line {
    const name = nameOf(caller, weight);
    const line = this.lines.get(name) ?? { busy: 0, busyOf: new Map<string, number>(), waiting: new Set<Waiting>() };
    this.lines.set(name, line);
    return line;
  }

  private limitOf(weight: Weight): AtOnce {
    return weight === 'light' ? this.limits.light : this.limits.dear;
  }

  private refusal(line: Line, caller: Caller, weight: Weight): ProblemError {
    const limit = this.limitOf(weight);
    const ceiling = fullOf(line, caller, limit) ?? 'key';
    const count = ceiling === 'key' ? limit.perKey : limit.perTenant;
    const whose = ceiling === 'key' ? 'The key' : 'All keys of the tenant together';
    return new ProblemError('requests_too_many', `${whose} may have ${count} ${KINDS[weight]} under way at a time.`, {
      ceiling,
      limit: count,
    });
  }
}

const KINDS: Record<Weight, string> = {
  light: 'requests',
  reads: 'lists and exports',
  works: 'imports, takedowns and dry runs',
  stream: 'streams',
};

const nameOf = (caller: Caller, weight: Weight) => `${weight} ${countedAs(caller)}`;

/** Which of its ceilings leaves no room for one more. */
function fullOf(line: Line, { apiKeyId, tenant }: Caller, { perKey, perTenant }: AtOnce): 'key' | 'tenant' | undefined {
  if (perKey > 0 && (line.busyOf.get(apiKeyId) ?? 0) >= perKey) return 'key';
  if (tenant !== null && perTenant > 0 && line.busy >= perTenant) return 'tenant';
  return undefined;
}
