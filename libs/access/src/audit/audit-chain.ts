import { createHash } from 'node:crypto';
import type { AuditEvent } from './audit-event.entity.js';

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

/** JSON without white space, the keys of every object sorted: jsonb keeps no order of its own. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
