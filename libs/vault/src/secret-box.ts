import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { EnvelopeMalformed, MasterKeysInvalid, NotAuthentic, UnknownKey } from './errors.js';
import { MASTER_KEY_BYTES, type MasterKey } from './master-keys.js';

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ENVELOPE = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/;

interface Envelope {
  keyId: string;
  iv: Buffer;
  tag: Buffer;
  ciphertext: Buffer;
}

/**
 * Seals secrets for storage (AES-256-GCM) and signs what leaves the house and must come back unchanged (HMAC-SHA256).
 * Each use has its own key, derived from a master key by HKDF, so that one master key may serve them all.
 */
export class SecretBox {
  // Private by #, so that neither a log line nor a stack inspection can print them.
  readonly #keys: readonly MasterKey[];
  readonly #newest: MasterKey;
  readonly #derived = new Map<string, Buffer>();

  /**
   * @param keys newest first, as `parseMasterKeys` returns them
   * @throws MasterKeysInvalid when there is none, or one is not 32 bytes
   */
  constructor(keys: readonly MasterKey[]) {
    const [newest] = keys;
    if (!newest) throw new MasterKeysInvalid('There is no master key.');
    for (const { id, key } of keys) {
      if (key.length !== MASTER_KEY_BYTES) {
        throw new MasterKeysInvalid(`Master key "${id}" is not ${MASTER_KEY_BYTES} bytes.`);
      }
    }
    this.#keys = [...keys];
    this.#newest = newest;
  }

  /** Newest first. */
  get keyIds(): string[] {
    return this.#keys.map(({ id }) => id);
  }

  /**
   * Seals under the newest key.
   * @param aad the place the secret belongs to, `table/column/rowId`: the envelope opens nowhere else
   * @returns `v1.<key id>.<iv>.<tag>.<ciphertext>`, the last three in base64url
   */
  seal(plaintext: string, aad: string): string {
    const { id } = this.#newest;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#derive(this.#newest, 'seal'), iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(bound(id, aad));
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    const parts = [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url'));
    return [VERSION, id, ...parts].join('.');
  }

  /** @throws EnvelopeMalformed, UnknownKey, NotAuthentic */
  open(envelope: string, aad: string): string {
    const { keyId, iv, tag, ciphertext } = parseEnvelope(envelope);
    const master = this.#keys.find(({ id }) => id === keyId);
    if (!master) throw new UnknownKey(keyId);
    const decipher = createDecipheriv('aes-256-gcm', this.#derive(master, 'seal'), iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound(keyId, aad));
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new NotAuthentic(aad, error);
    }
  }

  /**
   * Whether the envelope should be opened and sealed again, because its key is not the newest.
   * @throws EnvelopeMalformed
   */
  needsReseal(envelope: string): boolean {
    return parseEnvelope(envelope).keyId !== this.#newest.id;
  }

  /**
   * Signs with the newest key.
   * @param purpose what the signature is for, as a constant: one made for another purpose does not verify
   * @returns 43 characters of base64url
   */
  sign(purpose: string, payload: string): string {
    return this.#hmac(this.#newest, purpose, payload).toString('base64url');
  }

  /** Accepts a signature by any of the master keys, so that what was signed before a rotation still verifies. */
  verify(purpose: string, payload: string, signature: string): boolean {
    const given = Buffer.from(signature, 'base64url');
    // Several texts decode to the same bytes; only the one that we wrote is ours.
    if (given.toString('base64url') !== signature) return false;
    return this.#keys.some((master) => {
      const expected = this.#hmac(master, purpose, payload);
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
  }

  #hmac(master: MasterKey, purpose: string, payload: string): Buffer {
    return createHmac('sha256', this.#derive(master, `sign/${purpose}`))
      .update(payload, 'utf8')
      .digest();
  }

  #derive(master: MasterKey, use: string): Buffer {
    const name = `${master.id} ${use}`;
    let key = this.#derived.get(name);
    if (!key) {
      key = Buffer.from(hkdfSync('sha256', master.key, '', `retract/vault/${VERSION}/${use}`, 32));
      this.#derived.set(name, key);
    }
    return key;
  }
}

/** The version and the key id are authenticated along with the caller's place. */
function bound(keyId: string, aad: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}\n${aad}`, 'utf8');
}

function parseEnvelope(text: string): Envelope {
  const [, keyId, iv, tag, ciphertext] = ENVELOPE.exec(text) ?? [];
  if (keyId === undefined || iv === undefined || tag === undefined || ciphertext === undefined) {
    throw new EnvelopeMalformed();
  }
  const envelope = { keyId, iv: decode(iv), tag: decode(tag), ciphertext: decode(ciphertext) };
  // Without the length check Node would accept a tag cut to 4 bytes, which can be guessed.
  if (envelope.iv.length !== IV_BYTES || envelope.tag.length !== TAG_BYTES) throw new EnvelopeMalformed();
  return envelope;
}

/** Base64url has several spellings for some bytes (unused last bits): only the canonical one is accepted. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new EnvelopeMalformed();
  return bytes;
}
