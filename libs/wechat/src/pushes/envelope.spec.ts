import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { cryptoVectors } from '../../../../test/vectors/crypto-vectors.js';
import { decodeAesKey, decryptMessage, encryptMessage, EnvelopeError } from './envelope.js';

const aesKey = decodeAesKey('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG');
const otherKey = decodeAesKey('0123456789012345678901234567890123456789012');
const appid = 'wxb11529c136998cb6';

/** Encrypts any bytes as they are, to build what an honest sender never would. */
function encryptRaw(content: Buffer): string {
  const cipher = createCipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(content), cipher.final()]).toString('base64');
}

function padded(content: Buffer): Buffer {
  const pad = 32 - (content.length % 32);
  return Buffer.concat([content, Buffer.alloc(pad, pad)]);
}

function layout(length: number, rest: Buffer): Buffer {
  const lengthField = Buffer.alloc(4);
  lengthField.writeUInt32BE(length);
  return padded(Buffer.concat([Buffer.alloc(16, 'r'), lengthField, rest]));
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof EnvelopeError) return error.code;
    throw error;
  }
  return 'accepted';
}

it('decrypts a text that is cut inside a character, and says so', () => {
  const plaintext = Buffer.from([0x61, 0xe6, 0xb8]);
  expect(decryptMessage(aesKey, encryptMessage({ aesKey, appid, plaintext }))).toEqual({
    plaintext: 'a\ufffd',
    isLossy: true,
    appid,
  });
});

describe('published vectors', () => {
  const encrypted = cryptoVectors.filter((v) => v.encoding_aes_key && v.plaintext !== undefined);

  it('are all here', () => {
    expect(encrypted.map((v) => v.id)).toEqual(['V1', 'V3', 'V5', 'V7a', 'V8b']);
  });

  it.each(encrypted)('$id decrypts to the published text', (v) => {
    expect(decryptMessage(decodeAesKey(v.encoding_aes_key ?? ''), v.encrypt ?? '')).toEqual({
      plaintext: v.plaintext,
      appid: v.appid_in_ciphertext,
    });
  });

  it.each(encrypted)('$id encrypts to the published ciphertext', (v) => {
    const encrypt = encryptMessage({
      aesKey: decodeAesKey(v.encoding_aes_key ?? ''),
      appid: v.appid_in_ciphertext ?? '',
      plaintext: v.plaintext ?? '',
      random16: Buffer.from(v.random16 ?? ''),
    });
    expect(encrypt).toBe(v.encrypt);
  });
});

describe('EncodingAESKey', () => {
  it('is read whatever the two unused bits of its last character hold', () => {
    // 'A' leaves both bits clear, 'B' to 'D' set them; only 'A' is canonical base64.
    const keys = ['A', 'B', 'C', 'D'].map((last) => decodeAesKey('x'.repeat(42) + last));
    expect(keys.map((key) => key.length)).toEqual([32, 32, 32, 32]);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  it.each([
    ['short', 'a'.repeat(42)],
    ['long', 'a'.repeat(44)],
    ['with padding', `${'a'.repeat(42)}=`],
    ['with a symbol', `${'a'.repeat(42)}+`],
    ['with a line break', `${'a'.repeat(43)}\n`],
    ['empty', ''],
  ])('is refused when %s', (_, key) => {
    expect(codeOf(() => decodeAesKey(key))).toBe('aes_key_invalid');
  });

  it('is not repeated in the error', () => {
    expect(() => decodeAesKey('verysecret')).toThrow(expect.not.stringContaining('verysecret'));
  });
});

describe('envelope', () => {
  it('returns any text and appid, at every padding from 1 to 32', () => {
    const pads = new Set<number>();
    for (let length = 0; length < 64; length++) {
      const plaintext = 'p'.repeat(length);
      pads.add(32 - ((16 + 4 + length + appid.length) % 32));
      expect(decryptMessage(aesKey, encryptMessage({ aesKey, appid, plaintext }))).toEqual({ plaintext, appid });
    }
    expect([...pads].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
  });

  it('returns any Unicode text unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (plaintext) => {
        expect(decryptMessage(aesKey, encryptMessage({ aesKey, appid, plaintext })).plaintext).toBe(plaintext);
      }),
    );
  });

  it('differs each time', () => {
    const message = { aesKey, appid, plaintext: 'same' };
    expect(encryptMessage(message)).not.toBe(encryptMessage(message));
  });

  it('never crashes on a changed byte and never hides it', () => {
    const ciphertext = Buffer.from(encryptMessage({ aesKey, appid, plaintext: 'x'.repeat(200) }), 'base64');
    fc.assert(
      fc.property(fc.nat(ciphertext.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(ciphertext);
        changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
        try {
          const opened = decryptMessage(aesKey, changed.toString('base64'));
          expect(opened).not.toEqual({ plaintext: 'x'.repeat(200), appid });
        } catch (error) {
          expect(error).toBeInstanceOf(EnvelopeError);
        }
      }),
    );
  });

  it('never crashes on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const code = codeOf(() => decryptMessage(aesKey, Buffer.from(bytes).toString('base64')));
        expect(['ciphertext_invalid', 'padding_invalid', 'layout_invalid', 'accepted']).toContain(code);
      }),
    );
  });

  it('is refused under another key', () => {
    const encrypt = encryptMessage({ aesKey, appid, plaintext: 'text', random16: Buffer.alloc(16, 'r') });
    expect(codeOf(() => decryptMessage(otherKey, encrypt))).toBe('padding_invalid');
  });

  it.each([
    ['empty', '', 'ciphertext_invalid'],
    ['not base64', 'héllo', 'ciphertext_invalid'],
    ['with a line break', `${encryptRaw(padded(Buffer.alloc(20)))}\n`, 'ciphertext_invalid'],
    ['truncated to half a block', Buffer.alloc(16).toString('base64'), 'ciphertext_invalid'],
    ['padded with 0', encryptRaw(Buffer.alloc(32)), 'padding_invalid'],
    ['padded with more than a block', encryptRaw(Buffer.alloc(64, 33)), 'padding_invalid'],
    ['padded unevenly', encryptRaw(Buffer.concat([Buffer.alloc(30), Buffer.from([1, 2])])), 'padding_invalid'],
    ['all padding', encryptRaw(Buffer.alloc(32, 32)), 'layout_invalid'],
    ['shorter than its head', encryptRaw(padded(Buffer.alloc(19))), 'layout_invalid'],
    ['longer than its content', encryptRaw(layout(6, Buffer.from('hello'))), 'layout_invalid'],
    ['absurdly long', encryptRaw(layout(0xffffffff, Buffer.from('hello'))), 'layout_invalid'],
    ['with an appid that is not UTF-8', encryptRaw(layout(0, Buffer.from([0xc3, 0x28]))), 'layout_invalid'],
    ['cut inside a character', encryptRaw(layout(1, Buffer.from('é'))), 'layout_invalid'],
  ])('is refused when %s', (_, encrypt, code) => {
    expect(codeOf(() => decryptMessage(aesKey, encrypt))).toBe(code);
  });

  it('refuses keys and random heads of a wrong size', () => {
    expect(codeOf(() => encryptMessage({ aesKey: Buffer.alloc(16), appid, plaintext: '' }))).toBe('aes_key_invalid');
    expect(codeOf(() => encryptMessage({ aesKey, appid, plaintext: '', random16: Buffer.alloc(15) }))).toBe(
      'random_invalid',
    );
  });
});
