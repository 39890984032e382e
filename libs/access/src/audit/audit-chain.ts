import { createHash } from 'node:crypto';
import type { AuditEvent } from './audit-event.entity.js';
import type { AuditHead } from './audit-head.js';

/** The facts that a hash covers: all but the row's number, which the database gives out. */
export type AuditFacts = Omit<AuditEvent, 'seq' | 'prevHash' | 'hash'>;

/** The hash that the first row follows. */
export const CHAIN_START = '0'.repeat(64);

/** SHA-256 in hex of the facts and of the row before them, so that no earlier row can change unnoticed. */
export function hashOfEvent(facts: AuditFacts, prevHash: string): string {
  const { at, componentAppid, authorizerAppid, ...rest } = facts;
  // Rows of before there were these two are hashed as they were then.
  const tenant = { ...(componentAppid && { componentAppid }), ...(authorizerAppid && { authorizerAppid }) };
  const { apiKeyId, role, action, subjectType, subjectId, requestId, ip, data } = rest;
  const row = { at: at.toISOString(), apiKeyId, role, action, subjectType, subjectId, requestId, ip, data, ...tenant };
  return createHash('sha256')
    .update(canonicalJson({ ...row, prevHash }))
    .digest('hex');
}

export type ChainVerdict = { ok: true; lastHash: string } | { ok: false; seq: string };

/**
 * Whether rows, oldest first and without a gap, are as they were written.
 * @param after the hash of the row before the first of these
 * @returns the number of the first row that does not fit. Rows missing at the end show only in comparison with a
 * `lastHash` that was noted elsewhere.
 */
export function verifyChain(events: readonly AuditEvent[], after: string = CHAIN_START): ChainVerdict {
  let lastHash = after;
  for (const event of events) {
    if (event.prevHash !== lastHash || event.hash !== hashOfEvent(event, lastHash))
      return { ok: false, seq: event.seq };
    lastHash = event.hash;
  }
  return { ok: true, lastHash };
}

/** A place in the chain: behind one of its rows, or its start. */
export interface ChainPlace {
  /** The number of that row, and how many there are up to it. */
  seq: string;
  rows: number;
  hash: string;
}

export const BEFORE_ALL: ChainPlace = { seq: '0', rows: 0, hash: CHAIN_START };

export type ChainReport = ChainVerdict & {
  /** The number of rows up to the last one that fits, those before the look began included, and that one's own number. */
  rows: number;
  lastSeq: string;
  /** Rows of before the look began which are still here, and fit. */
  leftRows: number;
  /** The hashes from earlier notes that no sound row has. */
  missing: string[];
  /** The heads from earlier notes that no sound row answers to, oldest first. */
  unmet: AuditHead[];
  /** Those of rows before the look began: nothing here tells whether they are met. */
  earlier: AuditHead[];
  /** The time during which rows were written that no head covers: they could be cut off unnoticed. */
  uncoveredForMs: number;
};

/**
 * Goes through a whole chain, oldest row first. A chain that was cut, or written anew, fits in itself:
 * @param noted hashes that rows had before
 * @param heads what the chain came to before, by those who can be believed
 * @param after where the look begins: the rows up to there are archived. Those that are still here are the last of them.
 */
export async function lookAtChain(
  events: AsyncIterable<AuditEvent>,
  noted: readonly string[],
  heads: readonly AuditHead[],
  after: ChainPlace = BEFORE_ALL,
): Promise<ChainReport> {
  const missing = new Set(noted);
  const unmet = new Set(heads.filter((head) => head.rows >= after.rows));
  const byHash = new Map<string, AuditHead[]>();
  for (const head of unmet) byHash.set(head.hash, [...(byHash.get(head.hash) ?? []), head]);
  // Behind a hash alone, nobody knows how many rows were before it.
  const isCounted = after.hash === CHAIN_START || after.rows > 0;
  const meet = ({ hash, rows }: Pick<ChainPlace, 'hash' | 'rows'>) => {
    missing.delete(hash);
    // Each head counts on from the one before it, so a wrong number is found here.
    for (const head of byHash.get(hash) ?? []) if (!isCounted || head.rows === rows) unmet.delete(head);
  };
  meet(BEFORE_ALL);
  meet(after);
  const earlier = heads.filter(({ rows, hash }) => rows < after.rows && hash !== CHAIN_START);
  const covering = new Set(heads.map(({ hash }) => hash));
  let [end, leftRows] = [after, 0];
  let left: AuditEvent | undefined;
  let [uncoveredFrom, lastAt]: [number | undefined, number] = [undefined, 0];
  const report = () => ({
    ...{ rows: end.rows, lastSeq: end.seq, leftRows, missing: [...missing], unmet: [...unmet], earlier },
    uncoveredForMs: uncoveredFrom === undefined ? 0 : lastAt - uncoveredFrom,
  });
  for await (const event of events) {
    if (BigInt(event.seq) <= BigInt(after.seq)) {
      const verdict = verifyChain([event], left?.hash ?? event.prevHash);
      if (!verdict.ok) return { ...verdict, ...report() };
      left = event;
      leftRows += 1;
      continue;
    }
    if (left && left.hash !== after.hash) break;
    const verdict = verifyChain([event], end.hash);
    if (!verdict.ok) return { ...verdict, ...report() };
    end = { seq: event.seq, rows: end.rows + 1, hash: event.hash };
    meet(end);
    lastAt = event.at.getTime();
    uncoveredFrom = covering.has(event.hash) ? undefined : (uncoveredFrom ?? lastAt);
  }
  if (left && left.hash !== after.hash) return { ok: false, seq: left.seq, ...report() };
  return { ok: true, lastHash: end.hash, ...report() };
}

/** JSON without white space, the keys of every object sorted: jsonb keeps no order of its own. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
