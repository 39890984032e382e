import { randomBytes } from 'node:crypto';
import { MasterKeysInvalid } from './errors.js';
import { parseMasterKeys } from './master-keys.js';

const key = randomBytes(32);
const encoded = key.toString('base64');

describe('parseMasterKeys', () => {
  it('reads one key', () => {
    expect(parseMasterKeys(`k1:${encoded}`)).toEqual([{ id: 'k1', key }]);
  });

  it('keeps the order, newest first, and tolerates spaces around entries', () => {
    const older = randomBytes(32);
    expect(parseMasterKeys(` 2026-07:${encoded} , 2025_01:${older.toString('base64')} `)).toEqual([
      { id: '2026-07', key },
      { id: '2025_01', key: older },
    ]);
  });

  it('reads a key whose padding was left off', () => {
    expect(parseMasterKeys(`k1:${encoded.replace('=', '')}`)).toEqual([{ id: 'k1', key }]);
  });

  it.each([
    ['nothing', '', 'There is no master key'],
    ['blanks', '  ', 'There is no master key'],
    ['an empty entry', `k1:${encoded},`, 'Master key 2 is empty'],
    ['a key without an id', encoded, 'Master key 1 has no valid id'],
    ['an empty id', `:${encoded}`, 'Master key 1 has no valid id'],
    ['an id with a dot', `k.1:${encoded}`, 'Master key 1 has no valid id'],
    ['an id of 33 characters', `${'k'.repeat(33)}:${encoded}`, 'Master key 1 has no valid id'],
    ['a key of 31 bytes', `k1:${randomBytes(31).toString('base64')}`, 'Master key 1 ("k1") is not base64'],
    ['a key of 33 bytes', `k1:${randomBytes(33).toString('base64')}`, 'Master key 1 ("k1") is not base64'],
    ['a key in hexadecimal', `k1:${key.toString('hex')}`, 'Master key 1 ("k1") is not base64'],
    ['a stray character in the key', `k1:!${encoded}`, 'Master key 1 ("k1") is not base64'],
    ['an id without a key', 'k1:', 'Master key 1 ("k1") is not base64'],
    ['the same id twice', `k1:${encoded},k2:${encoded},k1:${encoded}`, 'Master keys 1 and 3 share the id "k1"'],
  ])('refuses %s and says which entry it is', (_what, text, message) => {
    expect(() => parseMasterKeys(text)).toThrow(MasterKeysInvalid);
    expect(() => parseMasterKeys(text)).toThrow(message);
  });

  it('never repeats key material in an error', () => {
    for (const text of [encoded, `k.1:${encoded}`, `k1:${encoded}x`, `k1:${encoded},k1:${encoded}`]) {
      try {
        parseMasterKeys(text);
        throw new Error('expected a refusal');
      } catch (error) {
        expect((error as Error).message).not.toContain(encoded.slice(0, 8));
      }
    }
  });
});
