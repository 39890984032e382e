import { messageSignature, plainSignature, signatureMatches } from './signature.js';
import { cryptoVectors as vectors } from '../../../../test/vectors/crypto-vectors.js';

describe('signatures', () => {
  it.each(vectors.filter((v) => v.msg_signature))('signs the message of vector $id as published', (v) => {
    expect(messageSignature(v.token ?? '', v.timestamp ?? '', v.nonce ?? '', v.encrypt ?? '')).toBe(v.msg_signature);
  });

  it.each(vectors.filter((v) => v.signature))('signs the query of vector $id as published', (v) => {
    expect(plainSignature(v.token ?? '', v.timestamp ?? '', v.nonce ?? '')).toBe(v.signature);
  });

  it('sorts by bytes, not by UTF-16 units', () => {
    // U+1F600 sorts before U+FF5E by UTF-16 unit and after it by byte, so only one order gives this digest.
    expect(plainSignature('\u{1F600}', '\uFF5E', '')).toBe(plainSignature('', '\uFF5E', '\u{1F600}'));
    expect(plainSignature('\u{1F600}', '\uFF5E', '')).toBe('2f0b656cfc448da3a9fb31f0ce217d50c51159b2');
  });

  it.each(['', 'x', 'é', '\u0000', 'a'.repeat(100_000), 'A94A8FE5CCB19BA61C4C0873D391E987982FBBD3'])(
    'tolerates any given signature',
    (given) => {
      expect(signatureMatches('a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', given)).toBe(false);
    },
  );

  it('matches only itself', () => {
    const signature = plainSignature('token', '1', '2');
    expect(signatureMatches(signature, signature)).toBe(true);
    expect(signatureMatches(signature, signature.toUpperCase())).toBe(false);
  });
});
