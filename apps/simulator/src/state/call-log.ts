import { createHash } from 'node:crypto';

/** One call of the open API. */
export interface Call {
  seq: number;
  at: number;
  operation: string;
  method: string;
  path: string;
  componentAppid: string | undefined;
  authorizerAppid: string | undefined;
  token: string | undefined;
  clientIp: string;
  requestBody: unknown;
  /** Undefined while a fault withholds the answer, and for a connection that was reset. */
  httpStatus: number | undefined;
  errcode: number | undefined;
  responseBody: unknown;
  rid: string;
  latencyMs: number;
  fault: string | undefined;
}

export interface CallFilter {
  operation?: string | undefined;
  component_appid?: string | undefined;
  authorizer_appid?: string | undefined;
  errcode?: number | undefined;
  since?: number | undefined;
  limit?: number | undefined;
}

/** The last calls, and counts of all of them since the start or the last reset. */
export class CallLog {
  private readonly ring: (Call | undefined)[];
  private next = 0;
  private counted = new Map<string, Map<string, number>>();

  constructor(private readonly size: number) {
    this.ring = new Array<Call | undefined>(size);
  }

  add(call: Omit<Call, 'seq'>): void {
    // The fields stay one object: the hot path writes it, whoever reads the log pays for making it presentable.
    const entry = call as Call;
    entry.seq = ++this.next;
    this.ring[entry.seq % this.size] = entry;
    const outcome = entry.errcode === undefined ? (entry.fault ?? `http_${entry.httpStatus}`) : String(entry.errcode);
    const outcomes = this.counted.get(entry.operation) ?? new Map<string, number>();
    this.counted.set(entry.operation, outcomes);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  get total(): number {
    return this.next;
  }

  /** Calls by operation and errcode (or, without one, by what happened to the connection). */
  counts(): Record<string, Record<string, number>> {
    return Object.fromEntries(
      [...this.counted].map(([operation, outcomes]) => [operation, Object.fromEntries(outcomes)]),
    );
  }

  /** Oldest first; with a limit, the newest so many. */
  find(filter: CallFilter = {}): Call[] {
    const found: Call[] = [];
    const limit = filter.limit ?? this.size;
    for (let seq = this.next; seq > 0 && seq > this.next - this.size && found.length < limit; seq--) {
      const call = this.ring[seq % this.size];
      if (call && matches(call, filter)) found.push(call);
    }
    return found.reverse();
  }

  findByRid(rid: string): Call | undefined {
    return this.find().find((call) => call.rid === rid);
  }

  clear(): void {
    this.ring.fill(undefined);
    this.next = 0;
    this.counted = new Map();
  }
}

function matches(call: Call, filter: CallFilter): boolean {
  return (
    (filter.operation === undefined || call.operation === filter.operation) &&
    (filter.component_appid === undefined || call.componentAppid === filter.component_appid) &&
    (filter.authorizer_appid === undefined || call.authorizerAppid === filter.authorizer_appid) &&
    (filter.errcode === undefined || call.errcode === filter.errcode) &&
    (filter.since === undefined || call.seq > filter.since)
  );
}

/** Short, the same for the same secret, and of no use to whoever reads it. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;
}

const SECRET_FIELD = /token|secret|ticket|code$/i;
/** Tickets, codes and refresh tokens give themselves away, in a message too. */
const SECRET_TEXT = /@@@/;

const isSecret = (field: string, value: string): boolean =>
  value !== '' && (SECRET_FIELD.test(field) || SECRET_TEXT.test(value));

/** The same JSON with every secret in it replaced by its fingerprint. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      typeof one === 'string' && isSecret(key, one) ? fingerprint(one) : withoutSecrets(one),
    ]),
  );
}
