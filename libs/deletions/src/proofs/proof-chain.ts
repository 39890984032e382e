import { createHash } from 'node:crypto';

/** What the first record follows. */
export const PROOF_START = '0'.repeat(64);

export type Chained<T> = T & { prev_hash: string; hash: string };

/**
 * Chains the records of an export: each hash covers its record and the hash before it, so that none can be changed, left
 * out or put elsewhere without all later hashes changing. Whoever notes the last hash elsewhere can prove the whole.
 */
export class ProofChain {
  private last = PROOF_START;

  get lastHash(): string {
    return this.last;
  }

  link<T extends object>(record: T): Chained<T> {
    const followed = { ...record, prev_hash: this.last };
    this.last = hashOfRecord(followed);
    return { ...followed, hash: this.last };
  }
}

/** SHA-256 in hex of the record as JSON without white space and with the keys of every object sorted. */
export function hashOfRecord(record: object): string {
  return createHash('sha256').update(canonicalJson(record)).digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
