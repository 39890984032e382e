import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

// Layout and padding:
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
const BLOCK = 32;
const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;

export type EnvelopeErrorCode =
  'aes_key_invalid' | 'random_invalid' | 'ciphertext_invalid' | 'padding_invalid' | 'layout_invalid';

/** A key or ciphertext that cannot be used. The message never holds key material or plaintext. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';

  constructor(
    readonly code: EnvelopeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * EncodingAESKey, as typed into the platform's console, to the 32 bytes it stands for.
 * The last character carries two unused bits that are set in most real keys, so a strict base64 decoder would refuse
 * them.
 * @param encodingAesKey 43 characters of [A-Za-z0-9]
 * @throws {EnvelopeError} `aes_key_invalid`
 */
export function decodeAesKey(encodingAesKey: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(encodingAesKey)) {
    throw new EnvelopeError('aes_key_invalid', 'EncodingAESKey must be 43 characters of A-Z, a-z and 0-9');
  }
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}

export interface MessageToEncrypt {
  /** 32 bytes, from decodeAesKey. */
  aesKey: Buffer;
  /** The component's appid, for pushes and replies of a third-party platform. */
  appid: string;
  /** Bytes where they shall not be UTF-8. */
  plaintext: string | Buffer;
  /** 16 bytes, only to reproduce a known ciphertext. */
  random16?: Buffer;
}

/**
 * @returns base64 ciphertext, what `Encrypt` holds
 * @throws {EnvelopeError} `aes_key_invalid`, `random_invalid`
 */
export function encryptMessage({ aesKey, appid, plaintext, random16 = printableRandom() }: MessageToEncrypt): string {
  if (random16.length !== RANDOM_BYTES) throw new EnvelopeError('random_invalid', 'random16 must be 16 bytes');
  const message = typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  const content = Buffer.concat([random16, length, message, Buffer.from(appid)]);
  const pad = BLOCK - (content.length % BLOCK);
  const cipher = createCipheriv('aes-256-cbc', checkedKey(aesKey), aesKey.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(content), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString(
    'base64',
  );
}

export interface DecryptedMessage {
  plaintext: string;
  /** Some bytes are not UTF-8, and U+FFFD stands for them: WeChat cuts texts inside a character. */
  isLossy?: true;
  appid: string;
}

/**
 * Does not authenticate: verify the message signature first.
 * @param aesKey 32 bytes, from decodeAesKey
 * @param encrypt base64 ciphertext
 * @throws {EnvelopeError} on anything malformed, which includes the wrong key
 */
export function decryptMessage(aesKey: Buffer, encrypt: string): DecryptedMessage {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encrypt))
    throw new EnvelopeError('ciphertext_invalid', 'ciphertext is not base64');
  const ciphertext = Buffer.from(encrypt, 'base64');
  if (ciphertext.length === 0 || ciphertext.length % BLOCK !== 0) {
    throw new EnvelopeError('ciphertext_invalid', `ciphertext is not a multiple of ${BLOCK} bytes`);
  }
  const decipher = createDecipheriv('aes-256-cbc', checkedKey(aesKey), aesKey.subarray(0, 16)).setAutoPadding(false);
  const content = unpad(Buffer.concat([decipher.update(ciphertext), decipher.final()]));

  const start = RANDOM_BYTES + LENGTH_BYTES;
  if (content.length < start) throw new EnvelopeError('layout_invalid', 'decrypted content is too short');
  const end = start + content.readUInt32BE(RANDOM_BYTES);
  if (end > content.length) throw new EnvelopeError('layout_invalid', 'message length exceeds the decrypted content');
  const message = content.subarray(start, end);
  return {
    plaintext: lenientUtf8(message),
    ...(!isUtf8(message) && { isLossy: true as const }),
    appid: utf8(content.subarray(end)),
  };
}

function printableRandom(): Buffer {
  // Any bytes would do; WeChat's own are printable, and so are these.
  return Buffer.from(randomBytes(12).toString('base64url'));
}

function checkedKey(aesKey: Buffer): Buffer {
  if (aesKey.length !== 32) throw new EnvelopeError('aes_key_invalid', 'AES key must be 32 bytes');
  return aesKey;
}

function unpad(padded: Buffer): Buffer {
  const pad = padded.at(-1) ?? 0;
  const isValid = pad >= 1 && pad <= BLOCK && padded.subarray(-pad).every((byte) => byte === pad);
  if (!isValid) throw new EnvelopeError('padding_invalid', 'decrypted content has no valid padding');
  return padded.subarray(0, -pad);
}

const lenientUtf8 = (bytes: Buffer): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** Strict: the appid is what tells the right key. */
function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new EnvelopeError('layout_invalid', 'the appid is not UTF-8', { cause });
  }
}
