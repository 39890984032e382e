import type { KeyUse } from './sealed-tables.js';

/** A key that MASTER_KEYS gives. */
export interface GivenKey {
  id: string;
  /** Whether it opens what was sealed with the key of its id; undefined where nothing was. */
  opens: boolean | undefined;
}

export interface KeyFault {
  keyId: string;
  fault: 'missing' | 'wrong';
}

/**
 * What keeps a process from starting. A wrong key does so even if no row needs it: it would seal what others cannot
 * open.
 */
export function keyFaults(given: readonly GivenKey[], idsInUse: readonly string[]): KeyFault[] {
  const missing = idsInUse.filter((id) => !given.some((key) => key.id === id));
  const wrong = given.filter(({ opens }) => opens === false);
  return [
    ...missing.map((keyId) => ({ keyId, fault: 'missing' as const })),
    ...wrong.map(({ id }) => ({ keyId: id, fault: 'wrong' as const })),
  ];
}

/** The start cannot go on: what is sealed would not open. The message is one line, without key material. */
export class MasterKeysRefused extends Error {
  readonly code = 'master_keys_refused';
  override readonly name = 'MasterKeysRefused';

  constructor(
    readonly faults: readonly KeyFault[],
    uses: readonly KeyUse[],
  ) {
    super(`MASTER_KEYS does not fit the database. ${faults.map((fault) => told(fault, uses)).join(' ')}`);
  }
}

function told({ keyId, fault }: KeyFault, uses: readonly KeyUse[]): string {
  const needing = uses
    .filter((use) => use.keyId === keyId)
    .map(({ table, rows }) => `${table} ${rows}`)
    .join(', ');
  const rows = needing ? `Rows that need it: ${needing}.` : 'No row needs it: give your key another id.';
  return fault === 'missing'
    ? `Key "${keyId}" is missing. ${rows}`
    : `Key "${keyId}" is not the one that was used by this id. ${rows}`;
}
