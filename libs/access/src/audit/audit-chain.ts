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

export type ChainReport = ChainVerdict & {
  /** The number of rows that fit, from the first on. */
  rows: number;
  /** The hashes from earlier notes that no sound row has. */
  missing: string[];
  /** The heads from earlier notes that no sound row answers to, oldest first. */
  unmet: AuditHead[];
  /** The time during which rows were written that no head covers: they could be cut off unnoticed. */
  uncoveredForMs: number;
};

/**
 * Goes through a whole chain, oldest row first. A chain that was cut, or written anew, fits in itself:
 * @param noted hashes that rows had before
 * @param heads what the chain came to before, by those who can be believed
 */
export async function lookAtChain(
  events: AsyncIterable<AuditEvent>,
  noted: readonly string[],
  heads: readonly AuditHead[],
): Promise<ChainReport> {
  const missing = new Set(noted);
  missing.delete(CHAIN_START);
  const unmet = new Map(heads.map((head) => [`${head.rows} ${head.hash}`, head]));
  unmet.delete(`0 ${CHAIN_START}`);
  const covered = Math.max(0, ...heads.map((head) => head.rows));
  let [rows, lastHash] = [0, CHAIN_START];
  let [uncoveredFrom, lastAt] = [0, 0];
  const report = () => ({
    ...{ rows, missing: [...missing], unmet: [...unmet.values()] },
    uncoveredForMs: rows > covered ? lastAt - uncoveredFrom : 0,
  });
  for await (const event of events) {
    const verdict = verifyChain([event], lastHash);
    if (!verdict.ok) return { ...verdict, ...report() };
    ({ lastHash } = verdict);
    rows += 1;
    missing.delete(lastHash);
    unmet.delete(`${rows} ${lastHash}`);
    lastAt = event.at.getTime();
    if (rows === covered + 1) uncoveredFrom = lastAt;
  }
  return { ok: true, lastHash, ...report() };
}

/** JSON without white space, the keys of every object sorted: jsonb keeps no order of its own. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
