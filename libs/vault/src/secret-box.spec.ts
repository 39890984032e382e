import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { EnvelopeMalformed, MasterKeysInvalid, NotAuthentic, UnknownKey, VaultError } from './errors.js';
import { SecretBox } from './secret-box.js';

const older = { id: 'older', key: randomBytes(32) };
const newer = { id: 'newer', key: randomBytes(32) };
const place = 'merchants/refresh_token/0198';

describe('SecretBox', () => {
  const box = new SecretBox([newer]);

  describe('sealing', () => {
    it('opens what it sealed, whatever the text and the place', () => {
      fc.assert(
        // Lone surrogates have no UTF-8 form, so they are no text: fc's `binary` unit leaves them out.
        fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (plaintext, aad) => {
          expect(box.open(box.seal(plaintext, aad), aad)).toBe(plaintext);
        }),
      );
    });

    it('writes version, key id, iv, tag and ciphertext', () => {
      expect(box.seal('secret', place)).toMatch(/^v1\.newer\.[\w-]{16}\.[\w-]{22}\.[\w-]{8}$/);
    });

    it('never seals the same text twice alike', () => {
      expect(box.seal('secret', place)).not.toBe(box.seal('secret', place));
    });

    it('does not open in another place', () => {
      const envelope = box.seal('secret', place);
      expect(() => box.open(envelope, 'merchants/refresh_token/0199')).toThrow(NotAuthentic);
      expect(() => box.open(envelope, '')).toThrow(NotAuthentic);
    });

    it('refuses an envelope when any one character is changed, dropped or doubled', () => {
      const both = new SecretBox([newer, older]);
      const envelope = both.seal('a secret of some length', place);
      for (let at = 0; at < envelope.length; at++) {
        const [head, char, tail] = [envelope.slice(0, at), envelope.charAt(at), envelope.slice(at + 1)];
        const changed = [...'AB01._-=+/ é'].filter((other) => other !== char).map((other) => head + other + tail);
        for (const tampered of [...changed, head + tail, head + char + char + tail]) {
          expect(() => both.open(tampered, place)).toThrow(VaultError);
        }
      }
    });

    it('refuses an envelope whose key id was exchanged for another known one', () => {
      const both = new SecretBox([newer, older]);
      const envelope = both.seal('secret', place).replace('newer', 'older');
      expect(() => both.open(envelope, place)).toThrow(NotAuthentic);
    });

    it('refuses a shortened tag', () => {
      const [version, id, iv, tag, ciphertext] = box.seal('secret', place).split('.');
      const short = Buffer.from(tag ?? '', 'base64url')
        .subarray(0, 4)
        .toString('base64url');
      expect(() => box.open([version, id, iv, short, ciphertext].join('.'), place)).toThrow(EnvelopeMalformed);
    });

    it.each(['', 'secret', 'v2.newer.a.b.c', 'v1.newer', 'v1.newer.AAAA.AAAA.AAAA'])(
      'calls %j malformed',
      (envelope) => {
        expect(() => box.open(envelope, place)).toThrow(EnvelopeMalformed);
        expect(() => box.needsReseal(envelope)).toThrow(EnvelopeMalformed);
      },
    );

    it('names the key that is missing', () => {
      const envelope = new SecretBox([older]).seal('secret', place);
      expect(() => box.open(envelope, place)).toThrow(new UnknownKey('older'));
    });

    it('refuses another key under a known id', () => {
      const impostor = new SecretBox([{ id: 'newer', key: randomBytes(32) }]);
      expect(() => impostor.open(box.seal('secret', place), place)).toThrow(NotAuthentic);
    });

    it('keeps plaintext and keys out of errors and inspection', () => {
      const envelope = box.seal('the plaintext', place);
      try {
        box.open(envelope, 'elsewhere');
        throw new Error('expected a refusal');
      } catch (error) {
        expect(inspect(error)).not.toContain('plaintext');
        expect(error).toMatchObject({ code: 'not_authentic', name: 'NotAuthentic' });
      }
      expect(inspect(box, { depth: 9 })).not.toContain('Buffer');
      expect(JSON.stringify(box)).toBe('{}');
    });
  });

  describe('rotation', () => {
    const rotated = new SecretBox([newer, older]);

    it('opens what the older key sealed, asks to seal it again, and seals under the newest', () => {
      const before = new SecretBox([older]).seal('secret', place);
      expect(rotated.open(before, place)).toBe('secret');
      expect(rotated.needsReseal(before)).toBe(true);

      const after = rotated.seal(rotated.open(before, place), place);
      expect(rotated.needsReseal(after)).toBe(false);
      expect(box.open(after, place)).toBe('secret');
    });
  });

  describe('signing', () => {
    it('verifies what it signed, and nothing else', () => {
      fc.assert(
        fc.property(fc.string(), fc.string(), (payload, other) => {
          const signature = box.sign('onboarding-state', payload);
          expect(signature).toMatch(/^[\w-]{43}$/);
          expect(box.verify('onboarding-state', payload, signature)).toBe(true);
          expect(box.verify('onboarding-state', other, signature)).toBe(payload === other);
          expect(box.verify('another-purpose', payload, signature)).toBe(false);
        }),
      );
    });

    it('refuses a signature when any one character is changed or dropped', () => {
      const signature = box.sign('state', 'payload');
      for (let at = 0; at < signature.length; at++) {
        for (const other of [...'ABCD0189_-=', ''].filter((char) => char !== signature.charAt(at))) {
          const tampered = signature.slice(0, at) + other + signature.slice(at + 1);
          expect(box.verify('state', 'payload', tampered)).toBe(false);
        }
      }
      expect(box.verify('state', 'payload', '')).toBe(false);
    });

    it('still verifies what was signed before a rotation, and signs with the newest key', () => {
      const rotated = new SecretBox([newer, older]);
      expect(rotated.verify('state', 'payload', new SecretBox([older]).sign('state', 'payload'))).toBe(true);
      expect(box.verify('state', 'payload', rotated.sign('state', 'payload'))).toBe(true);
      expect(new SecretBox([older]).verify('state', 'payload', rotated.sign('state', 'payload'))).toBe(false);
    });
  });

  it('refuses to exist without a key or with a short one', () => {
    expect(() => new SecretBox([])).toThrow(MasterKeysInvalid);
    expect(() => new SecretBox([{ id: 'short', key: randomBytes(16) }])).toThrow(MasterKeysInvalid);
  });
});
