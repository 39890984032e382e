import { SecretBox } from '@app/vault';
import { isSigned, readHead, writeHead } from './audit-head.js';

const box = (id: string, fill: number) => new SecretBox([{ id, key: Buffer.alloc(32, fill) }]);
const text = writeHead({ at: new Date('2026-11-29T10:00:00.123Z'), rows: 42, hash: 'a'.repeat(64) }, box('k1', 1));
const read = (from: string) => {
  const head = readHead(from);
  if (!head) throw new Error('no head');
  return head;
};

describe('a head of the audit log', () => {
  it('is read as it was written, also from a log line', () => {
    const head = { at: new Date('2026-11-29T10:00:00.123Z'), rows: 42, hash: 'a'.repeat(64), keyId: 'k1' };
    expect(read(text)).toMatchObject(head);
    expect(read(`{"level":"log","message":"audit head","head":"${text}"}`)).toEqual(read(text));
  });

  it('is signed as it is, by the key that it names', () => {
    expect(isSigned(read(text), box('k1', 1))).toBe(true);
    expect(isSigned(read(text), box('k1', 2))).toBe(false);
    expect(isSigned(read(text), box('k2', 1))).toBeUndefined();
  });

  it.each([
    ['fewer rows', (head: string) => head.replace('/42/', '/41/')],
    ['another hash', (head: string) => head.replace('/a', '/b')],
    ['another time', (head: string) => head.replace('T10', 'T09')],
  ])('is not signed with %s', (_what, change) => {
    expect(isSigned(read(change(text)), box('k1', 1))).toBe(false);
  });

  it.each(['', 'a'.repeat(64), text.slice(0, -1), `${text}x`])('is not read from %j', (from) => {
    expect(readHead(from)).toBeUndefined();
  });
});
