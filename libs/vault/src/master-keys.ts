import { MasterKeysInvalid } from './errors.js';

export interface MasterKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export const MASTER_KEY_BYTES = 32;

// No dot: ids stand between dots in the envelope.
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Reads `id:base64(32 bytes),id2:…`, newest first. The newest key seals; all of them open.
 * Errors name the entry by its position, and by its id once that is known to be an id (a bad entry may be a key put in
 * the wrong place).
 * @throws MasterKeysInvalid
 */
export function parseMasterKeys(text: string): MasterKey[] {
  if (text.trim() === '') throw new MasterKeysInvalid('There is no master key: give at least one id:base64(32 bytes).');
  const keys = text.split(',').map((entry, index) => parseEntry(entry.trim(), index + 1));
  keys.forEach(({ id }, index) => {
    const first = keys.findIndex((key) => key.id === id);
    if (first !== index) throw new MasterKeysInvalid(`Master keys ${first + 1} and ${index + 1} share the id "${id}".`);
  });
  return keys;
}

function parseEntry(entry: string, position: number): MasterKey {
  if (entry === '') throw new MasterKeysInvalid(`Master key ${position} is empty.`);
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(id)) {
    throw new MasterKeysInvalid(
      `Master key ${position} has no valid id: write id:base64, the id being 1 to 32 letters, digits, "_" or "-".`,
    );
  }
  const encoded = entry.slice(colon + 1);
  const key = Buffer.from(encoded, 'base64');
  // Buffer.from skips what is not base64: compare with what it understood, padding aside.
  const understood = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  if (!understood || key.length !== MASTER_KEY_BYTES) {
    throw new MasterKeysInvalid(`Master key ${position} ("${id}") is not base64 of exactly ${MASTER_KEY_BYTES} bytes.`);
  }
  return { id, key };
}
